package dev.culvert.edge.ssh;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.OperatorsFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The keys of a file that is read again when it changes. Safe for use by any thread. */
final class KeyList {
    private final WatchedFile<Map<String, KeyLine>> file;
    private final List<Consumer<Identity>> revoked;

    private KeyList(WatchedFile<Map<String, KeyLine>> file, List<Consumer<Identity>> revoked) {
        this.file = file;
        this.revoked = revoked;
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link WatchedFile#INTERVAL} in production
     * @return fails with {@link dev.culvert.config.ConfigException}
     */
    static Future<KeyList> start(Vertx vertx, KeyFile file, Duration interval) {
        List<Consumer<Identity>> revoked = new CopyOnWriteArrayList<>();
        return OperatorsFiles.watch(vertx, file, interval, (before, now) -> withdraw(before, now, revoked))
                .map(watched -> new KeyList(watched, revoked));
    }

    /** Who shows up with the key of this fingerprint; null where it is not listed. */
    @Nullable
    Identity identityOf(String fingerprint) {
        KeyLine line = file.value().get(fingerprint);
        return line == null ? null : line.identity();
    }

    /** Whether a key is listed for this one. */
    boolean has(Identity identity) {
        return file.value().values().stream().anyMatch(line -> line.identity().equals(identity));
    }

    /** Calls the listener, on any thread, with each one whose key has been withdrawn. */
    void onRevoked(Consumer<Identity> listener) {
        revoked.add(listener);
    }

    /** Watches no more. */
    void close() {
        file.close();
    }

    /** A key whose line changed is another one's now. */
    private static void withdraw(
            Map<String, KeyLine> before, Map<String, KeyLine> now, List<Consumer<Identity>> listeners) {
        before.forEach((fingerprint, line) -> {
            if (!line.equals(now.get(fingerprint))) {
                listeners.forEach(listener -> listener.accept(line.identity()));
            }
        });
    }
}
