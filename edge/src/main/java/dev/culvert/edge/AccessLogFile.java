package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.edge.ingress.AccessLog;
import io.vertx.core.json.JsonObject;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends what visitors asked for to a file, one JSON object a line, on a thread of its own. A file that was moved away, as
 * by logrotate, is made anew within a second. What a disk cannot take, or not as fast as it comes, is left out and counted
 * in the edge's log: no visitor waits for it.
 */
final class AccessLogFile implements AccessLog, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(AccessLogFile.class);

    /** What waits to be written; about 8 MiB. */
    private static final int MOST_WAITING = 16 * 1024;

    /** How often the file is looked for where it should be, and for how long a close waits for what is left. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often the operator hears of what was left out. */
    private static final Duration TOLD_EVERY = Duration.ofMinutes(1);

    private final Path path;
    private final BlockingQueue<Visit> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong lost = new AtomicLong();
    private final Thread thread = new Thread(this::run, "culvert-access-log");
    private volatile boolean closed;

    // What follows belongs to the thread.
    private @Nullable Writer writer;
    private @Nullable Object fileKey;
    private @Nullable IOException fault;
    private long lookedNanos;
    private long toldNanos;

    private AccessLogFile(Path path) {
        this.path = path;
    }

    /** Opens it, to be appended to. Blocks; fails with a {@link ConfigException} where that cannot be. */
    static AccessLogFile open(Path path) {
        AccessLogFile log = new AccessLogFile(path);
        try {
            log.reopen();
        } catch (IOException e) {
            throw new ConfigException("--access-log: the file does not open: " + FileFaults.sentence(path, e));
        }
        log.toldNanos = System.nanoTime() - TOLD_EVERY.toNanos();
        log.thread.setDaemon(true);
        log.thread.start();
        return log;
    }

    @Override
    public void add(Visit visit) {
        if (!waiting.offer(visit)) {
            lost.incrementAndGet();
        }
    }

    /** Writes what is left, for a second at most. Blocks. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join(LOOK.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        List<Visit> batch = new ArrayList<>();
        while (!closed || !waiting.isEmpty()) {
            try {
                Visit first = waiting.poll(LOOK.toMillis() / 10, TimeUnit.MILLISECONDS);
                if (first != null) {
                    batch.add(first);
                    waiting.drainTo(batch);
                    write(batch);
                    batch.clear();
                }
                tell();
            } catch (InterruptedException e) {
                return; // Nobody does.
            }
        }
        closeFile();
    }

    private void write(List<Visit> batch) {
        try {
            if (System.nanoTime() - lookedNanos > LOOK.toNanos()) {
                reopenIfMoved();
            }
            Writer file = Objects.requireNonNull(writer);
            for (Visit visit : batch) {
                file.write(json(visit).encode());
                file.write('\n');
            }
            file.flush();
        } catch (IOException e) {
            fault = e;
            lost.addAndGet(batch.size());
            closeFile();
        }
    }

    private void reopenIfMoved() throws IOException {
        lookedNanos = System.nanoTime();
        if (writer == null || !Files.exists(path) || !Objects.equals(fileKey, keyOf(path))) {
            closeFile();
            reopen();
        }
    }

    private void reopen() throws IOException {
        writer = new BufferedWriter(new OutputStreamWriter(
                Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                StandardCharsets.UTF_8));
        fileKey = keyOf(path);
    }

    private static @Nullable Object keyOf(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private void closeFile() {
        Writer file = writer;
        writer = null;
        lookedNanos = System.nanoTime() - 2 * LOOK.toNanos();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                fault = e;
            }
        }
    }

    private void tell() {
        if (lost.get() > 0 && System.nanoTime() - toldNanos >= TOLD_EVERY.toNanos()) {
            toldNanos = System.nanoTime();
            LOGGER.atWarn()
                    .addKeyValue("file", path)
                    .addKeyValue("lines", lost.getAndSet(0))
                    .addKeyValue("fault", fault == null ? "slower than they come" : FileFaults.sentence(path, fault))
                    .log("access log lacks lines");
            fault = null;
        }
    }

    private static JsonObject json(Visit visit) {
        JsonObject json = new JsonObject()
                .put("time", Instant.ofEpochMilli(visit.beganMillis()).toString())
                .put("kind", visit.kind())
                .put("visitor", visit.visitor())
                .put("host", visit.host());
        putIfPresent(json, "owner", visit.owner());
        putIfPresent(json, "user", visit.user());
        Request request = visit.request();
        if (request != null) {
            json.put("method", request.method()).put("target", request.target());
            putIfPresent(json, "userAgent", request.userAgent());
            json.put("status", visit.status());
        }
        putIfPresent(json, "error", visit.error());
        return json.put("bytesIn", visit.bytesIn())
                .put("bytesOut", visit.bytesOut())
                .put("millis", visit.micros() / 1000.0);
    }

    private static void putIfPresent(JsonObject json, String key, @Nullable String value) {
        if (value != null) {
            json.put(key, value);
        }
    }
}
