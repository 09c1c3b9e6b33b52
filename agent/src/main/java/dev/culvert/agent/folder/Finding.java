package dev.culvert.agent.folder;

import java.time.Instant;
import java.util.List;

/** What is at a path of a folder that is served. */
sealed interface Finding {
    /**
     * A file, or a folder with a page of its own.
     *
     * @param changed when it was changed last
     */
    record Content(Instant changed) implements Finding {}

    /** What is not sent. */
    enum Other implements Finding {
        /** Nothing, or nothing that visitors may know of. */
        NOTHING,
        /** A folder whose path should end with a slash, or links from its page lead elsewhere. */
        FOLDER_WITHOUT_ITS_SLASH
    }

    /**
     * A folder without a page.
     *
     * @param more whether there are entries beside these
     */
    record Listed(List<Entry> entries, boolean more) implements Finding {}

    /**
     * What is in a folder.
     *
     * @param name a folder's with a slash at its end
     * @param bytes how long a file is
     */
    record Entry(String name, boolean isFolder, long bytes) {}
}
