package dev.culvert.edge.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A target of downloads: {@code /bytes/N} is N bytes at once, of which each says where it is; {@code /last/N} is the
 * same, but the last of them come only when the test says so.
 */
final class BrokenOffTarget implements AutoCloseable {
    /** How many bytes are kept back. */
    static final int LAST_BYTES = 100;

    private final ServerSocket server;
    private final BlockingQueue<Socket> waiting = new LinkedBlockingQueue<>();

    private BrokenOffTarget(ServerSocket server) {
        this.server = server;
    }

    static BrokenOffTarget start(Stage stage) throws IOException {
        BrokenOffTarget target =
                stage.keep(new BrokenOffTarget(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))));
        inBackground(target::accept);
        return target;
    }

    int port() {
        return server.getLocalPort();
    }

    /** The byte at a place: neighbours and blocks differ. */
    static byte byteAt(long place) {
        return (byte) (place * 31 + (place >> 8) * 17 + (place >> 16) * 7);
    }

    /** Sends the end of a {@code /last/N} that waits for it. */
    void sayTheLast(long size) throws Exception {
        Socket socket = waiting.poll(Stage.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (socket == null) {
            throw new AssertionError("nobody waits for an end");
        }
        send(socket.getOutputStream(), size - LAST_BYTES, size);
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
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            for (String request = in.readLine(); request != null; request = in.readLine()) {
                for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                    // Fields of the head.
                }
                String[] path = request.split(" ")[1].split("/");
                long size = Long.parseLong(path[2]);
                OutputStream out = socket.getOutputStream();
                out.write("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                        .formatted(size)
                        .getBytes(StandardCharsets.US_ASCII));
                boolean whole = path[1].equals("bytes");
                send(out, 0, whole ? size : size - LAST_BYTES);
                if (!whole) {
                    waiting.add(socket);
                }
            }
            socket.close();
        } catch (IOException e) {
            // The agent has left.
        }
    }

    private static void send(OutputStream out, long from, long to) throws IOException {
        byte[] block = new byte[64 * 1024];
        for (long at = from; at < to; ) {
            int length = (int) Math.min(block.length, to - at);
            for (int i = 0; i < length; i++) {
                block[i] = byteAt(at + i);
            }
            out.write(block, 0, length);
            at += length;
        }
    }

    private static void inBackground(Runnable task) {
        Thread thread = new Thread(task, "broken-off-target");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
