package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * Visitors who ask without a pause, each its next question when it has its answer, and none twice. One request in
 * four is a POST with a body; every answer is compared with what {@link CountingTarget} must say. They ask for the hosts in
 * turn, so that one connection carries several tunnels.
 */
final class Load implements AutoCloseable {
    private static final int FAILURES_TOLD = 20;

    /**
     * How many requests after one another are for the same host: so that some come on a connection that has asked for it
     * already, and some on one that has not.
     */
    private static final int IN_A_ROW = 20;

    private static final int LONGEST_BODY_BYTES = 20_000;
    private static final byte[] NOISE = new byte[LONGEST_BODY_BYTES];

    static {
        new Random(2).nextBytes(NOISE);
    }

    private final List<String> hosts;
    private final int most;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final Set<LoadConnection> waiting = ConcurrentHashMap.newKeySet();
    private final List<Thread> visitors = new ArrayList<>();
    private final long started = System.nanoTime();
    private volatile boolean stopping;

    private Load(List<String> hosts, int most) {
        this.hosts = hosts;
        this.most = most;
    }

    /**
     * Starts it.
     *
     * @param ports where they come in, in turn
     * @param kept how many visitors keep their connection
     * @param fresh how many open one for each request
     * @param most how many requests are sent, unless it is stopped before
     */
    static Load start(List<Integer> ports, List<String> hosts, int kept, int fresh, int most) {
        Load load = new Load(hosts, most);
        for (int i = 0; i < kept + fresh; i++) {
            boolean keeps = i < kept;
            int port = ports.get(i % ports.size());
            Thread visitor = new Thread(() -> load.visit(port, keeps), "load-" + i);
            visitor.setDaemon(true);
            load.visitors.add(visitor);
        }
        load.visitors.forEach(Thread::start);
        return load;
    }

    /** How many answers have come, all as they should be. */
    int answered() {
        return answered.get();
    }

    /** Waits until so many more have been answered than now; fails at the first that fails. */
    void awaitMore(int count) {
        int until = answered() + count;
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> answered() >= until || failed.get() > 0);
        assertNoneFailed();
    }

    /** Waits until all that it was started for have been answered. */
    void awaitAll(Duration patience) {
        Awaitility.await().atMost(patience).pollInterval(Duration.ofMillis(50)).until(() -> visitors.stream()
                .noneMatch(Thread::isAlive));
        stop();
    }

    /** Lets each visitor have its last answer. One that gets none has failed. */
    void stop() {
        stopping = true;
        long deadline = System.nanoTime() + Stage.PATIENCE.toNanos();
        try {
            for (Thread visitor : visitors) {
                visitor.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            }
            close();
            for (Thread visitor : visitors) {
                visitor.join(Stage.PATIENCE.toMillis());
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
        System.out.printf(
                "%d requests in %d s, %d failed%n",
                answered(), Duration.ofNanos(System.nanoTime() - started).toSeconds(), failed.get());
    }

    /** That every request so far was answered as it should be. */
    void assertNoneFailed() {
        assertEquals(0, failed.get(), () -> "%d requests failed of %d:\n%s"
                .formatted(failed.get(), next.get(), String.join("\n", failures)));
    }

    /** That each request reached one of the targets, and that once. It is stopped. */
    void assertEachDeliveredOnce(CountingTarget... targets) {
        List<String> wrong = new ArrayList<>();
        for (int request = 0; request < Math.min(next.get(), most); request++) {
            int number = request;
            int times = Arrays.stream(targets)
                    .mapToInt(target -> target.deliveries(number))
                    .sum();
            if (times != 1) {
                wrong.add("%s %d: %d times".formatted(isPost(request) ? "POST" : "GET", request, times));
            }
        }
        assertEquals(List.of(), wrong);
    }

    /** Ends it at once. */
    @Override
    public void close() {
        stopping = true;
        waiting.forEach(this::close);
    }

    private void visit(int port, boolean keeps) {
        LoadConnection connection = null;
        while (!stopping) {
            int request = next.getAndIncrement();
            if (request >= most) {
                break;
            }
            try {
                if (connection == null || !keeps || !connection.isReusable()) {
                    close(connection);
                    connection = LoadConnection.to(port);
                    waiting.add(connection);
                }
                String host = hosts.get(request / IN_A_ROW % hosts.size());
                byte[] answer = connection.ask(request(host, request, keeps));
                assertAnswers(host, request, answer);
                answered.incrementAndGet();
            } catch (IOException e) {
                failed(request, e);
                close(connection);
                connection = null;
            }
        }
        close(connection);
    }

    private static byte[] request(String host, int request, boolean keeps) {
        boolean post = isPost(request);
        int length = bodyBytes(request);
        byte[] head = "%s /r/%d HTTP/1.1\r\nHost: %s\r\n%s%s\r\n"
                .formatted(
                        post ? "POST" : "GET",
                        request,
                        host,
                        post ? "Content-Length: " + length + "\r\n" : "",
                        keeps ? "" : "Connection: close\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(head, head.length + length);
        System.arraycopy(NOISE, 0, whole, head.length, length);
        return whole;
    }

    private static void assertAnswers(String host, int request, byte[] answer) throws IOException {
        byte[] text = CountingTarget.answerTo(host, request).getBytes(StandardCharsets.US_ASCII);
        int length = bodyBytes(request);
        if (answer.length != text.length + length
                || !Arrays.equals(answer, 0, text.length, text, 0, text.length)
                || !Arrays.equals(answer, text.length, answer.length, NOISE, 0, length)) {
            throw new IOException("to %s, not its answer, %d bytes: %s"
                    .formatted(
                            host,
                            answer.length,
                            new String(answer, 0, Math.min(100, answer.length), StandardCharsets.ISO_8859_1)));
        }
    }

    /** Every fourth, but not always to the same of the hosts. */
    private static boolean isPost(int request) {
        return request * 0x9E3779B9 >>> 30 == 3;
    }

    private static int bodyBytes(int request) {
        return isPost(request) ? request * 31 % LONGEST_BODY_BYTES : 0;
    }

    private void failed(int request, IOException reason) {
        if (failed.getAndIncrement() < FAILURES_TOLD) {
            failures.add("%s %s %d: %s".formatted(LocalTime.now(), isPost(request) ? "POST" : "GET", request, reason));
        }
    }

    private void close(LoadConnection connection) {
        if (connection != null) {
            waiting.remove(connection);
            try {
                connection.close();
            } catch (IOException e) {
                // It is gone either way.
            }
        }
    }
}
