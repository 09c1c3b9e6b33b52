package dev.culvert.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Visitor connections that have had one answer each and now say nothing. */
final class Visitors implements AutoCloseable {
    /** As many as come at once. */
    private static final int THREADS = 8;

    private final List<Socket> open = new CopyOnWriteArrayList<>();

    private Visitors() {}

    /**
     * Connects so many and asks each for one page.
     *
     * @param tls whether they speak TLS; any certificate will do
     */
    static Visitors connect(int number, int port, boolean tls, String host) throws IOException, InterruptedException {
        Visitors visitors = new Visitors();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> all = IntStream.range(0, THREADS)
                    .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                        for (int i = thread; i < number; i += THREADS) {
                            visitors.open.add(visitor(port, tls, host));
                        }
                        return null;
                    }))
                    .toList();
            for (Future<?> one : all) {
                one.get();
            }
            return visitors;
        } catch (ExecutionException e) {
            visitors.close();
            throw new BenchException("a visitor was not served: " + e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    private static Socket visitor(int port, boolean tls, String host) throws IOException {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        Socket socket = tls ? TrustingTls.over(plain, host) : plain;
        socket.getOutputStream()
                .write("GET / HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host).getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith(Page.TEXT)) {
            int next = in.read();
            if (next < 0) {
                throw new BenchException("a visitor was sent away:\n" + answer);
            }
            answer.append((char) next);
        }
        return socket;
    }

    /** How many the edge has not sent away. */
    long connected() {
        return open.stream().filter(Visitors::isConnected).count();
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
        for (Socket socket : open) {
            socket.close();
        }
    }
}
