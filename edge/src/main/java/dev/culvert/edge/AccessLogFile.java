package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.edge.ingress.AccessLog;
import io.vertx.core.json.JsonObject;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
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

    /** What waits to be written. */
    private static final int MOST_WAITING = 16 * 1024;

    /**
     * And how many characters of what visitors themselves have said, mostly a byte each. Of one visit that may be as much as a
     * head may have, and heads have no other bound once their exchange is over.
     */
    private static final int MOST_WAITING_CHARS = 8 * 1024 * 1024;

    /**
     * How often the file is looked for where it should be; for how long a start waits for it to open, and a close for what is
     * left.
     */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often the operator hears of what was left out. */
    private static final Duration TOLD_EVERY = Duration.ofMinutes(1);

    private static final Set<StandardOpenOption> APPENDING =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND);

    private final Path path;
    private final BlockingQueue<Visit> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong waitingChars = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Thread thread = new Thread(this::run, "culvert-access-log");
    private final AtomicLong toldNanos = new AtomicLong(System.nanoTime() - TOLD_EVERY.toNanos());
    /** Whether it was tried to open the file; {@link #fault} tells what came of it. */
    private final CountDownLatch tried = new CountDownLatch(1);

    private volatile @Nullable IOException fault;
    private volatile boolean closed;

    // What follows belongs to the thread.
    private @Nullable Writer writer;
    private @Nullable Object fileKey;
    private long lookedNanos;

    private AccessLogFile(Path path) {
        this.path = path;
    }

    /**
     * Opens it, to be appended to. Blocks, for a second at most: what takes longer to open, lines wait for. Fails with a {@link
     * ConfigException} where it cannot be opened.
     */
    static AccessLogFile open(Path path) {
        AccessLogFile log = new AccessLogFile(path);
        log.thread.setDaemon(true);
        log.thread.start();
        try {
            log.awaitOpening();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return log;
    }

    /** A pipe that nobody reads opens with its reader, which may never come; and a disk may hang. */
    private void awaitOpening() throws InterruptedException {
        if (!tried.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
            LOGGER.atWarn().addKeyValue("file", path).log("access log does not open yet; its lines wait");
            return;
        }
        IOException why = fault;
        if (why != null) {
            close();
            throw new ConfigException("--access-log: the file does not open: " + FileFaults.sentence(path, why));
        }
    }

    @Override
    public void add(Visit visit) {
        long chars = charsOf(visit);
        if (waitingChars.addAndGet(chars) > MOST_WAITING_CHARS || !waiting.offer(visit)) {
            waitingChars.addAndGet(-chars);
            lost.incrementAndGet();
            tell(TOLD_EVERY); // Here, because the thread may be stuck in what it writes.
        }
    }

    private static long charsOf(Visit visit) {
        Request request = visit.request();
        long chars = length(visit.host());
        return request == null
                ? chars
                : chars + length(request.method()) + length(request.target()) + length(request.userAgent());
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }

    /** Writes what is left, for a second at most. Blocks. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join(LOOK.toMillis());
            tell(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            reopen();
        } catch (IOException e) {
            fault = e;
        }
        tried.countDown();
        List<Visit> batch = new ArrayList<>();
        while (!closed || !waiting.isEmpty()) {
            try {
                Visit first = waiting.poll(LOOK.toMillis() / 10, TimeUnit.MILLISECONDS);
                if (first != null) {
                    batch.add(first);
                    waiting.drainTo(batch);
                    write(batch);
                    batch.forEach(written -> waitingChars.addAndGet(-charsOf(written)));
                    batch.clear();
                }
                tell(TOLD_EVERY);
            } catch (InterruptedException e) {
                return; // Nobody does.
            }
        }
        closeFile();
    }

    private void write(List<Visit> batch) {
        try {
            if (writer == null || System.nanoTime() - lookedNanos > LOOK.toNanos()) {
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
        boolean insideLine = endsInsideLine(path);
        Writer opened = new BufferedWriter(Channels.newWriter(
                Files.newByteChannel(path, APPENDING, othersDoNotRead(path)), StandardCharsets.UTF_8));
        writer = opened;
        fileKey = keyOf(path);
        if (insideLine) {
            opened.write('\n');
        }
    }

    /** There may be secrets in what was asked for. For a file that is made; one that is there stays as it is. */
    private static FileAttribute<?>[] othersDoNotRead(Path path) {
        boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----"))
                }
                : new FileAttribute<?>[0];
    }

    /** Whether a line was cut off, by a full disk or with the process: the next one must not be joined to it. */
    private static boolean endsInsideLine(Path path) {
        if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
            return false;
        }
        try (SeekableByteChannel file = Files.newByteChannel(path)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            return file.size() > 0 && file.position(file.size() - 1).read(last) == 1 && last.get(0) != '\n';
        } catch (IOException e) {
            return false; // It was moved away just now, or does not open for writing either.
        }
    }

    private static @Nullable Object keyOf(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private void closeFile() {
        Writer file = writer;
        writer = null;
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                fault = e;
            }
        }
    }

    private void tell(Duration pause) {
        long before = toldNanos.get();
        long now = System.nanoTime();
        if (lost.get() > 0 && now - before >= pause.toNanos() && toldNanos.compareAndSet(before, now)) {
            IOException why = fault;
            fault = null;
            LOGGER.atWarn()
                    .addKeyValue("file", path)
                    .addKeyValue("lines", lost.getAndSet(0))
                    .addKeyValue("fault", why == null ? "slower than they come" : FileFaults.sentence(path, why))
                    .log("access log lacks lines");
        }
    }

    private static JsonObject json(Visit visit) {
        JsonObject json = new JsonObject()
                .put("time", Instant.ofEpochMilli(visit.beganMillis()).toString())
                .put("kind", visit.kind())
                .put("visitor", visit.visitor());
        putIfPresent(json, "host", visit.host());
        putIfPresent(json, "owner", visit.owner());
        putIfPresent(json, "user", visit.user());
        Request request = visit.request();
        if (request != null) {
            putIfPresent(json, "method", request.method());
            putIfPresent(json, "target", request.target());
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
