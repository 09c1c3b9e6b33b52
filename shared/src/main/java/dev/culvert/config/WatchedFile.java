package dev.culvert.config;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a file holds that may change while the program runs. It is read again every {@linkplain #start interval}, whole: it is
 * small, and editors that replace files, clocks with coarse ticks and mounted secrets defeat everything cleverer. A change counts once two
 * readings in a row agree on it, because a file that is being written in place is empty or cut off for a moment, and that
 * must not end anybody's connection. A broken file
 * changes nothing, and is told of once, when two readings in a row find the same fault.
 *
 * <p>Safe for use by any thread.
 *
 * @param <T> compares by what it holds
 */
public final class WatchedFile<T> {
    /** What is withdrawn in the file is out of force within two of these. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Source<T> source;
    private final Listener<T> listener;
    private volatile T value;
    private volatile long timer;
    private volatile boolean closed;

    // One reload follows the other; these are its own.
    private volatile @Nullable T candidate;
    private volatile @Nullable String fault;
    private volatile @Nullable String told;

    private WatchedFile(Vertx vertx, Source<T> source, Listener<T> listener, T value) {
        this.vertx = vertx;
        this.source = source;
        this.listener = listener;
        this.value = value;
    }

    /** The file; {@code toString} names it. */
    public interface Source<T> {
        /** Reads it, and blocks. */
        T read() throws Exception;

        /** Why it could not be read, as a sentence for whoever wrote it. */
        String inWords(Throwable fault);
    }

    /** Hears of the file, on any thread. */
    public interface Listener<T> {
        /** It holds something else, which is in force. */
        void changed(T before, T now);

        /** It cannot be read any more, and what was read before stays in force; in words. */
        void broken(String fault);
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link #INTERVAL} in production
     * @return fails with a {@link ConfigException} when the file cannot be read
     */
    public static <T> Future<WatchedFile<T>> start(
            Vertx vertx, Source<T> source, Duration interval, Listener<T> listener) {
        return vertx.executeBlocking(source::read, false)
                .recover(fault -> Future.failedFuture(new ConfigException(source.inWords(fault))))
                .map(read -> {
                    WatchedFile<T> file = new WatchedFile<>(vertx, source, listener, read);
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
        told = null;
        T before = value;
        if (read.equals(before)) {
            candidate = null;
        } else if (read.equals(candidate)) {
            candidate = null;
            value = read;
            listener.changed(before, read);
        } else {
            candidate = read;
        }
    }

    private void keep(Throwable cause) {
        candidate = null;
        String words = source.inWords(cause);
        if (words.equals(fault) && !words.equals(told)) {
            told = words;
            listener.broken(words);
        }
        fault = words;
    }
}
