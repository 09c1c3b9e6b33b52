package dev.culvert.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Visitor connections that have had an answer or more each and now say nothing. While others still come they ask again now
 * and then: an edge ends who has been idle for 75 s.
 */
final class Visitors implements AutoCloseable {
    /** As many as come at once. */
    private static final int THREADS = 8;

    /** After so long without an answer a visitor asks again, until all are there. */
    private static final long AGAIN_NANOS = 20_000_000_000L;

    private static final int PATIENCE_MILLIS = 30_000;

    private final String host;
    private final List<Open> open = Collections.synchronizedList(new ArrayList<>());

    private Visitors(String host) {
        this.host = host;
    }

    /** One of them. */
    private static final class Open {
        private final Socket socket;
        private final byte[] answer = new byte[1024];
        private long askedNanos;

        Open(Socket socket) {
            this.socket = socket;
        }

        void ask(String host) throws IOException {
            askedNanos = System.nanoTime();
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host).getBytes(StandardCharsets.US_ASCII));
            int length = 0;
            while (!new String(answer, 0, length, StandardCharsets.US_ASCII).endsWith(Page.TEXT)) {
                int more = socket.getInputStream().read(answer, length, answer.length - length);
                if (more <= 0) {
                    throw new BenchException(
                            "a visitor was sent away:\n" + new String(answer, 0, length, StandardCharsets.US_ASCII));
                }
                length += more;
            }
        }
    }

    /**
     * Connects so many and asks each for one page; when all are there, none has been idle for long.
     *
     * @param tls whether they speak TLS; any certificate will do
     */
    static Visitors connect(int number, int port, boolean tls, String host) throws IOException, InterruptedException {
        Visitors visitors = new Visitors(host);
        try {
            inTurns(thread -> visitors.come(thread, number, port, tls));
            inTurns(visitors::askAgain);
            return visitors;
        } catch (ExecutionException e) {
            visitors.close();
            throw new BenchException("a visitor was not served: " + e.getCause());
        }
    }

    private interface Share {
        void of(int thread) throws IOException;
    }

    private static void inTurns(Share share) throws ExecutionException, InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> all = IntStream.range(0, THREADS)
                    .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                        share.of(thread);
                        return null;
                    }))
                    .toList();
            for (Future<?> one : all) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private void come(int thread, int number, int port, boolean tls) throws IOException {
        Deque<Open> longestFirst = new ArrayDeque<>();
        for (int i = thread; i < number; i += THREADS) {
            Open longest = longestFirst.peek();
            while (longest != null && System.nanoTime() - longest.askedNanos > AGAIN_NANOS) {
                longest.ask(host);
                longestFirst.add(longestFirst.remove());
                longest = longestFirst.peek();
            }
            Open visitor = connect(port, tls);
            visitor.ask(host);
            longestFirst.add(visitor);
        }
    }

    private Open connect(int port, boolean tls) throws IOException {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        plain.setTcpNoDelay(true);
        plain.setSoTimeout(PATIENCE_MILLIS);
        Open visitor = new Open(tls ? TrustingTls.over(plain, host) : plain);
        open.add(visitor);
        return visitor;
    }

    private void askAgain(int thread) throws IOException {
        for (int i = thread; i < open.size(); i += THREADS) {
            open.get(i).ask(host);
        }
    }

    /** How many the edge has not sent away. */
    long connected() {
        return open.stream().filter(visitor -> isConnected(visitor.socket)).count();
    }

    private static boolean isConnected(Socket socket) {
        try {
            socket.setSoTimeout(1);
            return socket.getInputStream().read() >= 0;
        } catch (java.net.SocketTimeoutException nothingSaid) {
            return true;
        } catch (IOException gone) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        for (Open visitor : open) {
            visitor.socket.close();
        }
    }
}
