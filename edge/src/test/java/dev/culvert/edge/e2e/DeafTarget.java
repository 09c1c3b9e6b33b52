package dev.culvert.edge.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A target that answers GETs, and of a POST reads no more than the head, without ever saying anything. */
final class DeafTarget implements AutoCloseable {
    private static final int RECEIVE_BUFFER_BYTES = 4096;

    private final ServerSocket server;
    private final List<Socket> deaf = new CopyOnWriteArrayList<>();

    private DeafTarget(ServerSocket server) {
        this.server = server;
    }

    static DeafTarget start() throws IOException {
        ServerSocket server = new ServerSocket();
        // Before it listens: each connection takes the size over.
        server.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
        server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 512);
        DeafTarget target = new DeafTarget(server);
        inBackground(target::accept);
        return target;
    }

    int port() {
        return server.getLocalPort();
    }

    /** How many POSTs it does not read. */
    int deaf() {
        return deaf.size();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                inBackground(() -> serve(socket));
            } catch (IOException e) {
                return; // The test is over.
            }
        }
    }

    private void serve(Socket socket) {
        try {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII), 512);
            for (String request = in.readLine(); request != null; request = in.readLine()) {
                for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                    // Fields of the head.
                }
                if (request.startsWith("POST")) {
                    deaf.add(socket);
                    return;
                }
                String answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nthe page\n";
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            }
            socket.close();
        } catch (IOException e) {
            // The agent has left.
        }
    }

    private static void inBackground(Runnable task) {
        Thread thread = new Thread(task, "deaf-target");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : deaf) {
            socket.close();
        }
    }
}
