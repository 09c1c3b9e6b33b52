package dev.culvert.bench;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * One direction of a connection on a {@link Link}. As TCP has it, what follows a lost packet waits until that has come after
 * all; other connections do not.
 */
final class SlowPipe {
    private static final int PIECE_BYTES = 16 * 1024;

    /** What may be on its way or wait at its end, in pieces: 8 MiB, more than Linux lets a connection have by default. */
    private static final int MOST_PIECES = 512;

    private final Socket from;
    private final Socket to;
    private final Link link;
    private final Link.Shape shape;
    private final BlockingQueue<Piece> onTheWay = new LinkedBlockingQueue<>(MOST_PIECES);

    /** @param bytes none for the end */
    private record Piece(ByteBuffer bytes, long dueNanos) {}

    private SlowPipe(Socket from, Socket to, Link link, Link.Shape shape) {
        this.from = from;
        this.to = to;
        this.link = link;
        this.shape = shape;
    }

    /** Passes on all that comes, until one of the two is closed. */
    static void start(Socket from, Socket to, Link link, Link.Shape shape) {
        SlowPipe pipe = new SlowPipe(from, to, link, shape);
        SlowPath.start(pipe::send);
        SlowPath.start(pipe::deliver);
    }

    private void send() {
        byte[] buffer = new byte[PIECE_BYTES];
        long notBefore = System.nanoTime();
        try {
            int got = from.getInputStream().read(buffer);
            while (got > 0) {
                notBefore = Math.max(notBefore, link.send(got));
                onTheWay.put(new Piece(ByteBuffer.wrap(Arrays.copyOf(buffer, got)), notBefore));
                got = from.getInputStream().read(buffer);
            }
            onTheWay.put(new Piece(
                    ByteBuffer.allocate(0), Math.max(notBefore, System.nanoTime() + shape.roundTripNanos() / 2)));
        } catch (IOException | InterruptedException e) {
            SlowPath.quietly(from);
            SlowPath.quietly(to);
        }
    }

    private void deliver() {
        try {
            Piece piece = onTheWay.take();
            while (piece.bytes().hasRemaining()) {
                while (piece.dueNanos() - System.nanoTime() > 0) {
                    LockSupport.parkNanos(piece.dueNanos() - System.nanoTime());
                }
                to.getOutputStream().write(piece.bytes().array());
                piece = onTheWay.take();
            }
            to.shutdownOutput();
        } catch (IOException | InterruptedException e) {
            SlowPath.quietly(from);
            SlowPath.quietly(to);
        }
    }
}
