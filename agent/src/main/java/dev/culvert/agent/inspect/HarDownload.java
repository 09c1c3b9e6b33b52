package dev.culvert.agent.inspect;

import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends an archive entry by entry, the next one when the reader has taken the last: all together may be several times what
 * is kept, as text, and a heap is small. What is forgotten meanwhile is left out.
 *
 * <p>Runs on the recordings' event loop.
 */
final class HarDownload {
    private static final Logger LOGGER = LoggerFactory.getLogger(HarDownload.class);

    private final HttpServerResponse response;
    private final Recordings recordings;
    private final ArrayDeque<Long> ids = new ArrayDeque<>();
    private String before = "";

    /**
     * A download of all that are kept now.
     *
     * @param response with its head set, nothing written yet
     */
    HarDownload(HttpServerResponse response, Recordings recordings) {
        this.response = response;
        this.recordings = recordings;
        recordings.latestFirst().forEach(recording -> ids.addFirst(recording.id()));
    }

    /**
     * Begins to send.
     *
     * @param version of the program
     */
    void start(String version) {
        response.setChunked(true);
        write(Har.begin(version));
    }

    private void goOn() {
        Recording next = null;
        while (next == null && !ids.isEmpty()) {
            next = recordings.find(ids.poll()).orElse(null);
        }
        if (next == null) {
            response.end(Har.END).onFailure(HarDownload::left);
        } else {
            write(before + Har.entry(next).encode());
            before = ",";
        }
    }

    private void write(String part) {
        response.write(part)
                .onSuccess(written -> recordings.execute(this::goOn))
                .onFailure(HarDownload::left);
    }

    private static void left(Throwable how) {
        LOGGER.atTrace().setCause(how).log("reader of an archive left early");
    }
}
