package dev.culvert.edge.access;

import dev.culvert.config.ConfigException;
import dev.culvert.config.WatchedFile;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the operator's files, and says in the log what becomes of them. */
public final class OperatorsFiles {
    private static final Logger LOGGER = LoggerFactory.getLogger(OperatorsFiles.class);

    private OperatorsFiles() {}

    /**
     * Reads a file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link WatchedFile#INTERVAL} in production
     * @param changed told what was there before and what is there now, on any thread, once that is in force
     * @return fails with a {@link ConfigException} when the file cannot be read
     */
    public static <T> Future<WatchedFile<T>> watch(
            Vertx vertx, WatchedFile.Source<T> source, Duration interval, BiConsumer<T, T> changed) {
        return WatchedFile.start(vertx, source, interval, new WatchedFile.Listener<>() {
            @Override
            public void changed(T before, T now) {
                LOGGER.atInfo().addKeyValue("file", source).log("operator's file changed; in force");
                changed.accept(before, now);
            }

            @Override
            public void broken(String fault) {
                LOGGER.atError()
                        .addKeyValue("fault", fault)
                        .log("operator's file is broken; keeping what was read before");
            }
        });
    }
}
