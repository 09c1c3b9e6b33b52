package dev.culvert.edge.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A target that a test plays: each connection is talked to by one piece of code, on a thread of its own. */
final class TalkingTarget implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** What a target says to a visitor; the connection is closed behind it. */
    interface Talk {
        void with(InputStream in, OutputStream out, Socket socket) throws Exception;
    }

    private TalkingTarget(Talk talk) throws IOException {
        threads.execute(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    threads.execute(() -> {
                        try (socket) {
                            talk.with(socket.getInputStream(), socket.getOutputStream(), socket);
                        } catch (Exception e) {
                            System.err.println("target: " + e);
                        }
                    });
                } catch (IOException e) {
                    return; // Closed.
                }
            }
        });
    }

    static TalkingTarget start(Stage stage, Talk talk) throws IOException {
        return stage.keep(new TalkingTarget(talk));
    }

    int port() {
        return server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
    }
}
