package dev.culvert.edge.e2e;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;

/**
 * Visitors of one tunnel who send one request after the other and try nothing twice: with GET and with POST, on
 * connections that they keep and on new ones. Each request has a path of its own, and its whole answer is checked.
 */
final class SteadyVisitors implements AutoCloseable {
    private static final int BODY_BYTES = 2000;
    private static final AtomicLong NEXT = new AtomicLong();

    private final String host;
    private final Queue<Request> finished = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    /** Where visitors come in. */
    interface Door {
        Visitor enter() throws IOException;
    }

    /**
     * A request that was answered, or not.
     *
     * @param failure what was wrong; empty for one that went well
     */
    record Request(String method, String path, long startedNanos, long endedNanos, String failure) {
        boolean failed() {
            return !failure.isEmpty();
        }

        Duration took() {
            return Duration.ofNanos(endedNanos - startedNanos);
        }

        boolean startedAfter(long nanos) {
            return startedNanos - nanos > 0;
        }

        boolean endedAfter(long nanos) {
            return endedNanos - nanos > 0;
        }

        /** For a message: when it was, seen from that moment. */
        String seenFrom(long nanos) {
            return "%s %s from %d ms to %d ms: %s"
                    .formatted(
                            method,
                            path,
                            Duration.ofNanos(startedNanos - nanos).toMillis(),
                            Duration.ofNanos(endedNanos - nanos).toMillis(),
                            failure);
        }
    }

    private SteadyVisitors(String host) {
        this.host = host;
    }

    /**
     * They begin.
     *
     * @param methods the methods of the visitors: each comes in by each door, once keeping its connection and once not
     */
    static SteadyVisitors start(Stage stage, String host, List<Door> doors, String... methods) {
        SteadyVisitors visitors = stage.keep(new SteadyVisitors(host));
        for (Door door : doors) {
            for (String method : methods) {
                visitors.begin(door, method, true);
                visitors.begin(door, method, false);
            }
        }
        return visitors;
    }

    /** How many there are: no more requests can be under way at once. */
    int count() {
        return threads.size();
    }

    /** Waits until so many requests have been started after a moment and are over. */
    void awaitMore(int count, long afterNanos) {
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> finished.stream()
                                .filter(request -> request.startedAfter(afterNanos))
                                .limit(count)
                                .count()
                        == count);
    }

    /** They finish what they have begun, and tell of all. */
    List<Request> stop() {
        close();
        return List.copyOf(finished);
    }

    private void begin(Door door, String method, boolean keeps) {
        Thread thread = new Thread(() -> visit(door, method, keeps), "visitor");
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void visit(Door door, String method, boolean keeps) {
        Visitor connection = null;
        while (!stopping) {
            String path = "/" + NEXT.incrementAndGet();
            long before = System.nanoTime();
            String failure;
            try {
                connection = connection == null ? door.enter() : connection;
                failure = ask(connection, method, path);
            } catch (IOException | RuntimeException e) {
                failure = String.valueOf(e);
            }
            finished.add(new Request(method, path, before, System.nanoTime(), failure));
            if (!keeps || !failure.isEmpty()) {
                close(connection);
                connection = null;
            }
        }
        close(connection);
    }

    private String ask(Visitor connection, String method, String path) throws IOException {
        int bytes = method.equals("POST") ? BODY_BYTES : 0;
        String length = bytes == 0 ? "" : "Content-Length: %d\r\n".formatted(bytes);
        Answer answer = connection
                .send("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s".formatted(method, path, host, length, "x".repeat(bytes)))
                .answer();
        boolean right =
                answer.status() == 200 && answer.body().equals(DeliveredTarget.answer(method, path, bytes, host));
        return right ? "" : answer.toString().lines().limit(8).toList().toString();
    }

    private static void close(Visitor connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (IOException e) {
            // It is over anyway.
        }
    }

    @Override
    public void close() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join(Stage.PATIENCE.toMillis());
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
            if (thread.isAlive()) {
                throw new AssertionError("a visitor waits for its answer for more than " + Stage.PATIENCE);
            }
        }
    }
}
