package dev.culvert.edge.e2e;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A target that says which host it was asked for, and counts how often each request reached it.
 *
 * <p>{@code GET /r/7} is answered with {@link #answerTo} host and number, {@code POST /r/7} with the same and the body
 * behind it. {@code GET /halves/NAME} is answered with {@link #halves()}, its second half only after {@link #goOn}.
 */
final class CountingTarget implements AutoCloseable {
    /** More than any test sends. */
    static final int MOST_REQUESTS = 2_000_000;

    static final int HALF_BYTES = 4 * 1024 * 1024;
    private static final int BACKLOG = 512;

    private final ServerSocket server;
    private final AtomicIntegerArray deliveries = new AtomicIntegerArray(MOST_REQUESTS);
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "counting-target");
        thread.setDaemon(true);
        return thread;
    });
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<String, CountDownLatch> halves = new ConcurrentHashMap<>();

    private CountingTarget(ServerSocket server) {
        this.server = server;
    }

    static CountingTarget start() throws IOException {
        CountingTarget target = new CountingTarget(new ServerSocket(0, BACKLOG, InetAddress.getByName("127.0.0.1")));
        target.threads.execute(target::accept);
        return target;
    }

    int port() {
        return server.getLocalPort();
    }

    /** How often a request reached it: whole, or with its head alone. */
    int deliveries(int request) {
        return deliveries.get(request);
    }

    /** How many requests reached it. */
    long deliveries() {
        long all = 0;
        for (int i = 0; i < deliveries.length(); i++) {
            all += deliveries.get(i);
        }
        return all;
    }

    /** What a request to a host is answered with. */
    static String answerTo(String host, int request) {
        return host + " " + request + "\n";
    }

    /** All that a download has. */
    static byte[] halves() {
        byte[] all = new byte[2 * HALF_BYTES];
        new Random(1).nextBytes(all);
        return all;
    }

    /** Lets a download have its second half. */
    void goOn(String name) {
        gate(name).countDown();
    }

    private CountDownLatch gate(String name) {
        return halves.computeIfAbsent(name, unused -> new CountDownLatch(1));
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                threads.execute(() -> serve(socket));
            } catch (IOException e) {
                return; // The test is over.
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
            OutputStream out = new BufferedOutputStream(socket.getOutputStream(), 64 * 1024);
            for (String request = line(in); request != null; request = line(in)) {
                answer(request.split(" ")[1], in, out);
                out.flush();
            }
        } catch (IOException e) {
            // The agent has left.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(socket);
        }
    }

    private void answer(String path, InputStream in, OutputStream out) throws IOException, InterruptedException {
        if (path.startsWith("/r/")) {
            deliveries.incrementAndGet(Integer.parseInt(path.substring(3)));
        }
        String host = "";
        int length = 0;
        for (String field = line(in); field != null && !field.isEmpty(); field = line(in)) {
            String lower = field.toLowerCase(Locale.ROOT);
            if (lower.startsWith("host:")) {
                host = field.substring(5).strip();
            } else if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(field.substring(15).strip());
            }
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the body broke off");
        }
        if (path.startsWith("/halves/")) {
            byte[] all = halves();
            head(out, all.length);
            out.write(all, 0, HALF_BYTES);
            out.flush();
            gate(path.substring(8)).await();
            out.write(all, HALF_BYTES, HALF_BYTES);
        } else {
            byte[] text = answerTo(host, Integer.parseInt(path.substring(3))).getBytes(StandardCharsets.US_ASCII);
            head(out, text.length + length);
            out.write(text);
            out.write(body);
        }
    }

    private static void head(OutputStream out, int length) throws IOException {
        out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** A line without its end; null at the end of the connection. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(80);
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return null;
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
