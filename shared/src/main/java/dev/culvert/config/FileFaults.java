package dev.culvert.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Why a file could not be used, in words for people: the JDK's own messages are a path, or nothing. */
public final class FileFaults {
    private FileFaults() {}

    /** A sentence without its full stop, which names the file. */
    public static String sentence(Path file, IOException fault) {
        if (Files.isDirectory(file)) {
            return file + " is a folder, not a file";
        }
        if (fault instanceof NoSuchFileException) {
            return "there is no file " + file;
        }
        if (fault instanceof AccessDeniedException) {
            return "this user may not use " + file;
        }
        if (fault instanceof CharacterCodingException) {
            return file + " is not text in UTF-8";
        }
        return "cannot use %s: %s".formatted(file, fault.getMessage());
    }
}
