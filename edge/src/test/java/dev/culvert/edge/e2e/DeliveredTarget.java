package dev.culvert.edge.e2e;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A target that counts how often each request was delivered, by its path, and answers with what it got: method, path,
 * bytes of the body, and the host that was asked for.
 */
final class DeliveredTarget implements AutoCloseable {
    private final ServerSocket server;
    private final Map<String, Integer> delivered = new ConcurrentHashMap<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private DeliveredTarget(ServerSocket server) {
        this.server = server;
    }

    static DeliveredTarget start(Stage stage) throws IOException {
        DeliveredTarget target =
                stage.keep(new DeliveredTarget(new ServerSocket(0, 512, InetAddress.getByName("127.0.0.1"))));
        inBackground(target::accept);
        return target;
    }

    int port() {
        return server.getLocalPort();
    }

    /** What a request with such a body is answered. */
    static String answer(String method, String path, int bodyBytes, String host) {
        return "%s %s %d %s\n".formatted(method, path, bodyBytes, host);
    }

    /** The requests that were delivered more than once, of those whose first word is the method. */
    List<String> deliveredTwice(String method) {
        return delivered.entrySet().stream()
                .filter(request -> request.getKey().startsWith(method + " ") && request.getValue() > 1)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
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
            OutputStream out = socket.getOutputStream();
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                String[] request = line.split(" ");
                // Delivered is what was begun: whoever tries again after that does it twice.
                delivered.merge(request[0] + " " + request[1], 1, Integer::sum);
                int length = 0;
                String host = "";
                for (String field = line(in); !field.isEmpty(); field = line(in)) {
                    String name = field.split(":")[0].toLowerCase(Locale.ROOT);
                    String value = field.substring(name.length() + 1).strip();
                    length = name.equals("content-length") ? Integer.parseInt(value) : length;
                    host = name.equals("host") ? value : host;
                }
                int bytes = in.readNBytes(length).length;
                if (bytes < length) {
                    return; // The visitor was lost inside its body.
                }
                byte[] body = answer(request[0], request[1], bytes, host).getBytes(StandardCharsets.US_ASCII);
                String head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(body.length);
                out.write((head + new String(body, StandardCharsets.US_ASCII)).getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            // The agent has left.
        } finally {
            open.remove(socket);
        }
    }

    /** A line without its end; empty also when there is none. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString().stripTrailing();
    }

    private static void inBackground(Runnable task) {
        Thread thread = new Thread(task, "delivered-target");
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
