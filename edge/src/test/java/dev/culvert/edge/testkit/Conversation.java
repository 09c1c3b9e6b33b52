package dev.culvert.edge.testkit;

import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One end of a stream, played by a test's thread: what it says is done on the stream's event loop, what it waits for is
 * seen there.
 */
public final class Conversation {
    private static final int WAIT_SECONDS = 30;
    private static final int PIECE_BYTES = 16 * 1024;

    private final TunnelStream stream;
    private final StreamRequest request;
    private final StringBuilder text = new StringBuilder();
    private final MessageDigest digest = sha256();

    private boolean reading;
    private boolean echoing;
    private long receivedBytes;
    private long heldBytes;
    private boolean finished;
    private StreamReset reset;
    private Pump pump;

    /** Plays this end of a stream. */
    public Conversation(TunnelStream stream, StreamRequest request) {
        this.stream = stream;
        this.request = request;
    }

    /** What the stream was opened with. */
    public StreamRequest request() {
        return request;
    }

    /** Begins to hear what comes, and takes it. */
    public Conversation read() {
        return listen(true);
    }

    /** Begins to hear what comes, and consumes nothing of it. */
    public Conversation hold() {
        return listen(false);
    }

    private Conversation listen(boolean consuming) {
        stream.eventLoop().execute(() -> {
            reading = consuming;
            stream.listen(new Events());
        });
        return this;
    }

    /** Sends back whatever comes, and the FIN as well. */
    public Conversation echo() {
        stream.eventLoop().execute(() -> {
            echoing = true;
            reading = true;
            stream.listen(new Events());
        });
        return this;
    }

    /** Consumes so many of the bytes that were held. */
    public void consume(int bytes) {
        stream.eventLoop().execute(() -> {
            stream.consumed(bytes);
            update(() -> heldBytes -= bytes);
        });
    }

    public Conversation send(String text) {
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        stream.eventLoop().execute(() -> stream.write(bytes));
        return this;
    }

    /** Sends so many bytes, as fast as the stream takes them, and then FIN. */
    public Conversation send(long bytes, long seed) {
        stream.eventLoop().execute(() -> {
            pump = new Pump(bytes, seed);
            pump.run();
        });
        return this;
    }

    public Conversation finish() {
        stream.eventLoop().execute(stream::finish);
        return this;
    }

    public void reset(CloseReason reason, String detail) {
        stream.eventLoop().execute(() -> stream.reset(reason, detail));
    }

    public void report(Exchange exchange) {
        stream.eventLoop().execute(() -> stream.report(exchange));
    }

    /** Waits until the text has come, which is all that has come. */
    public synchronized void awaitText(String expected) throws InterruptedException {
        await(() -> text.length() >= expected.length(), "\"" + expected + "\"");
        if (!text.toString().equals(expected)) {
            throw new AssertionError("expected \"" + expected + "\" and got \"" + text + "\"");
        }
    }

    public synchronized void awaitFinish() throws InterruptedException {
        await(() -> finished, "the FIN");
    }

    public synchronized StreamReset awaitReset() throws InterruptedException {
        await(() -> reset != null, "a reset");
        return reset;
    }

    /** Waits until the far end has finished or reset the stream. */
    public synchronized void awaitEnd() throws InterruptedException {
        await(() -> finished || reset != null, "an end");
    }

    /** Waits until at least so many bytes have come. */
    public synchronized void awaitBytes(long bytes) throws InterruptedException {
        await(() -> receivedBytes >= bytes, bytes + " bytes");
    }

    public synchronized long receivedBytes() {
        return receivedBytes;
    }

    public synchronized boolean isFinished() {
        return finished;
    }

    public synchronized boolean isReset() {
        return reset != null;
    }

    /** How much of what {@link #send(long, long)} was to send has gone into the stream. */
    public synchronized long sentBytes() {
        return pump == null ? 0 : pump.sent;
    }

    /** The SHA-256 of all that has come. */
    public synchronized String sha256OfReceived() throws CloneNotSupportedException {
        return HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest());
    }

    /** The SHA-256 of what {@link #send(long, long)} sends. */
    public static String sha256OfSent(long bytes, long seed) {
        MessageDigest digest = sha256();
        Random random = new Random(seed);
        byte[] piece = new byte[PIECE_BYTES];
        for (long left = bytes; left > 0; left -= PIECE_BYTES) {
            random.nextBytes(piece);
            digest.update(piece, 0, (int) Math.min(PIECE_BYTES, left));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private synchronized void update(Runnable change) {
        change.run();
        notifyAll();
    }

    private void await(BooleanSupplier condition, String what) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (millis <= 0) {
                throw new AssertionError("%s did not come within %d s; so far: %s".formatted(what, WAIT_SECONDS, this));
            }
            wait(millis);
        }
    }

    /** How far it has come. */
    @Override
    public synchronized String toString() {
        return "%d bytes, finished %s, reset %s".formatted(receivedBytes, finished, reset);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends made-up bytes while the stream takes them. */
    private final class Pump {
        private final Random random;
        private final byte[] piece = new byte[PIECE_BYTES];
        private long left;
        private long sent;

        Pump(long bytes, long seed) {
            left = bytes;
            random = new Random(seed);
        }

        void run() {
            while (left > 0 && stream.isWritable()) {
                random.nextBytes(piece);
                int size = (int) Math.min(PIECE_BYTES, left);
                left -= size;
                stream.write(PooledByteBufAllocator.DEFAULT.directBuffer(size).writeBytes(piece, 0, size));
                update(() -> sent += size);
                if (left == 0) {
                    stream.finish();
                }
            }
        }
    }

    private final class Events implements TunnelStream.Listener {
        private final java.util.ArrayDeque<ByteBuf> unechoed = new java.util.ArrayDeque<>();

        @Override
        public void onBytes(ByteBuf bytes) {
            int size = bytes.readableBytes();
            update(() -> {
                receivedBytes += size;
                digest.update(bytes.nioBuffer());
                if (text.length() < 1000) {
                    text.append(bytes.toString(StandardCharsets.UTF_8));
                }
            });
            if (echoing) {
                unechoed.add(bytes);
                echo();
                return;
            }
            bytes.release();
            if (reading) {
                stream.consumed(size);
            } else {
                heldBytes += size;
            }
        }

        private void echo() {
            while (!unechoed.isEmpty() && stream.isWritable()) {
                ByteBuf bytes = unechoed.remove();
                int size = bytes.readableBytes();
                stream.write(bytes);
                stream.consumed(size);
            }
            if (finished && unechoed.isEmpty()) {
                stream.finish();
            }
        }

        @Override
        public void onWritable() {
            if (echoing) {
                echo();
            } else if (pump != null) {
                pump.run();
            }
        }

        @Override
        public void onFinish() {
            update(() -> finished = true);
            if (echoing) {
                echo();
            }
        }

        @Override
        public void onReset(StreamReset how) {
            unechoed.forEach(ByteBuf::release);
            unechoed.clear();
            update(() -> reset = how);
        }
    }
}
