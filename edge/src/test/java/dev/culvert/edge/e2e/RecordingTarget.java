package dev.culvert.edge.e2e;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A target that keeps each whole request as it came, byte by byte, and answers by its path with bytes that no honest
 * server would send.
 */
final class RecordingTarget implements AutoCloseable {
    /** What is answered to which path; everything else gets {@link #OK}. */
    private static final Map<String, String> ANSWERS = Map.of(
            "/twice",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
                    + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Smuggled: yes\r\n\r\nsecond",
            "/short",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
            "/long",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour and more",
            "/unasked",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw bytes",
            "/both",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "/noise",
            "\u0000\u0001\u0002 this is not HTTP\r\n\r\n",
            "/forging",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCulvert-Error: forged\r\n\r\nok");

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /** After these the connection is closed: the target has said all. */
    private static final Set<String> LAST = Set.of("/short", "/long", "/noise");

    private final ServerSocket server;
    private final LinkedBlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private RecordingTarget(ServerSocket server) {
        this.server = server;
    }

    static RecordingTarget start() throws IOException {
        return start(0);
    }

    /** One on a port that was free a moment ago: for a target that comes later than its visitors. */
    static RecordingTarget start(int port) throws IOException {
        RecordingTarget target = new RecordingTarget(new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1")));
        inBackground(target::accept);
        return target;
    }

    int port() {
        return server.getLocalPort();
    }

    /** The next whole request, head and body. */
    String awaitRequest() throws InterruptedException {
        String request = requests.poll(Stage.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (request == null) {
            throw new AssertionError("no request reached the target");
        }
        return request;
    }

    /** The whole requests since the last look, in their order. */
    List<String> takeRequests() {
        List<String> all = new ArrayList<>();
        requests.drainTo(all);
        return all;
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                inBackground(() -> serve(socket));
            } catch (IOException e) {
                return; // The test is over.
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                String head = head(in);
                String request = head + body(in, head);
                requests.add(request);
                String path = head.split(" ")[1];
                socket.getOutputStream().write(ANSWERS.getOrDefault(path, OK).getBytes(StandardCharsets.ISO_8859_1));
                if (LAST.contains(path)) {
                    return;
                }
            }
        } catch (IOException e) {
            // The agent has left, perhaps inside a request: that was not a whole one.
        } finally {
            open.remove(socket);
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) next(in));
        }
        return head.toString();
    }

    private static String body(InputStream in, String head) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        String fields = head.toLowerCase(Locale.ROOT);
        if (fields.contains("transfer-encoding: chunked")) {
            while (!body.toString(StandardCharsets.ISO_8859_1).matches("(?s)(.*\r\n)?0\r\n(.*\r\n)?\r\n")) {
                body.write(next(in));
            }
        } else if (fields.contains("content-length: ")) {
            int length = Integer.parseInt(fields.replaceAll("(?s).*content-length: (\\d+).*", "$1"));
            body.writeBytes(in.readNBytes(length));
            if (body.size() < length) {
                throw new IOException("the body broke off");
            }
        }
        return body.toString(StandardCharsets.ISO_8859_1);
    }

    private static int next(InputStream in) throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new IOException("the end");
        }
        return next;
    }

    private static void inBackground(Runnable task) {
        Thread thread = new Thread(task, "recording-target");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
