package dev.culvert.edge.access;

import dev.culvert.config.ConfigException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator's file holds. It is read again every {@linkplain #start interval}, whole: it is small, and editors that
 * replace files, clocks with coarse ticks and mounted secrets defeat everything cleverer. A change counts once two
 * readings in a row agree on it, because a file that is being written in place is empty or cut off for a moment, and that
 * must not end anybody's connection. A file that turns out broken changes nothing and is logged once.
 *
 * <p>Safe for use by any thread.
 *
 * @param <T> compares by what it holds
 */
public final class WatchedFile<T> {
    /** What is withdrawn in the file is out of force within two of these. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(WatchedFile.class);

    private final Vertx vertx;
    private final Source<T> source;
    private final BiConsumer<T, T> changed;
    private volatile T value;
    private volatile long timer;
    private volatile boolean closed;

    // One reload follows the other; these are its own.
    private volatile @Nullable T candidate;
    private volatile @Nullable String fault;

    private WatchedFile(Vertx vertx, Source<T> source, BiConsumer<T, T> changed, T value) {
        this.vertx = vertx;
        this.source = source;
        this.changed = changed;
        this.value = value;
    }

    /** The file; {@code toString} names it. */
    public interface Source<T> {
        /** Reads it, and blocks. */
        T read() throws Exception;

        /** Why it could not be read, as a sentence for the operator. */
        String inWords(Throwable fault);
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link #INTERVAL} in production
     * @param changed told what was there before and what is there now, on any thread, once that is in force
     * @return fails with a {@link ConfigException} when the file cannot be read
     */
    public static <T> Future<WatchedFile<T>> start(
            Vertx vertx, Source<T> source, Duration interval, BiConsumer<T, T> changed) {
        return vertx.executeBlocking(source::read, false)
                .recover(fault -> Future.failedFuture(new ConfigException(source.inWords(fault))))
                .map(read -> {
                    WatchedFile<T> file = new WatchedFile<>(vertx, source, changed, read);
                    file.watch(interval);
                    return file;
                });
    }

    /** What is in force. */
    public T value() {
        return value;
    }

    /** Stops watching. */
    public void close() {
        closed = true; // A reload that is under way starts no other.
        vertx.cancelTimer(timer);
    }

    private void watch(Duration interval) {
        timer = vertx.setTimer(interval.toMillis(), fired -> reload().onComplete(done -> {
            if (!closed) {
                watch(interval);
            }
        }));
    }

    private Future<Void> reload() {
        return vertx.executeBlocking(source::read, false)
                .onComplete(this::take, this::keep)
                .mapEmpty();
    }

    private void take(T read) {
        fault = null;
        T before = value;
        if (read.equals(before)) {
            candidate = null;
        } else if (read.equals(candidate)) {
            candidate = null;
            value = read;
            LOGGER.atInfo().addKeyValue("file", source).log("operator's file changed; in force");
            changed.accept(before, read);
        } else {
            candidate = read;
        }
    }

    private void keep(Throwable cause) {
        candidate = null;
        String words = source.inWords(cause);
        if (!Objects.equals(words, fault)) {
            fault = words;
            LOGGER.atError().addKeyValue("fault", words).log("operator's file is broken; keeping what was read before");
        }
    }
}
