package dev.culvert.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A long path on this machine: passes connections on to ports of it, slowly. With several ports, each connection goes to the
 * next one, as a balancer would have it.
 */
final class SlowPath implements AutoCloseable {
    /**
     * What the kernel holds on each side of the path, in bytes: little, so that what is on its way is on the links. (It
     * takes twice as much.)
     */
    private static final int SOCKET_BYTES = 64 * 1024;

    private final Link.Shape shape;
    private final ServerSocket door;
    private final List<Integer> ports;
    private final Link there;
    private final Link back;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();

    private SlowPath(Link.Shape shape, ServerSocket door, List<Integer> ports) {
        this.shape = shape;
        this.door = door;
        this.ports = ports;
        this.there = new Link(shape);
        this.back = new Link(shape);
    }

    /** Opens one that ends at these ports. */
    static SlowPath to(Link.Shape shape, List<Integer> ports) throws IOException {
        ServerSocket door = new ServerSocket();
        door.setReceiveBufferSize(SOCKET_BYTES);
        door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SlowPath path = new SlowPath(shape, door, ports);
        start(path::accept);
        return path;
    }

    /** Where it begins. */
    int port() {
        return door.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        door.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private void accept() {
        try {
            for (int i = 0; ; i++) {
                Socket near = door.accept();
                int port = ports.get(i % ports.size());
                start(() -> join(near, port));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void join(Socket near, int port) {
        try {
            sockets.add(near);
            Socket far = new Socket();
            sockets.add(far);
            far.setReceiveBufferSize(SOCKET_BYTES);
            far.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            SlowPipe.start(near, far, there, shape);
            SlowPipe.start(far, near, back, shape);
        } catch (IOException e) {
            quietly(near);
        }
    }

    static void start(Runnable work) {
        Thread thread = new Thread(work, "slow path");
        thread.setDaemon(true);
        thread.start();
    }

    static void quietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Then it is closed.
        }
    }
}
