package dev.culvert.lane;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A stream and what its listener hears, for the test's own thread: it calls the stream on its loop, and waits. */
final class StreamRecorder implements TunnelStream.Listener {
    final TunnelStream stream;
    final StreamRequest request;
    private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    /** Whether bytes are said to be consumed as they come. */
    volatile boolean consumes = true;
    /** What is done within each call, before it is kept. */
    volatile Consumer<Object> within = event -> {};

    private record Bytes(byte[] bytes) {}

    /** {@link TunnelStream.Listener#onFinish()} was called. */
    static final Object FINISH = "FINISH";

    /** {@link TunnelStream.Listener#onWritable()} was called. */
    static final Object WRITABLE = "WRITABLE";

    StreamRecorder(TunnelStream stream, StreamRequest request) {
        this.stream = stream;
        this.request = request;
    }

    @Override
    public void onBytes(ByteBuf bytes) {
        byte[] copy = new byte[bytes.readableBytes()];
        bytes.readBytes(copy).release();
        within.accept(copy);
        heard.add(new Bytes(copy));
        if (consumes) {
            stream.consumed(copy.length);
        }
    }

    @Override
    public void onWritable() {
        within.accept(WRITABLE);
        heard.add(WRITABLE);
    }

    @Override
    public void onFinish() {
        within.accept(FINISH);
        heard.add(FINISH);
    }

    @Override
    public void onReset(StreamReset reset) {
        within.accept(reset);
        heard.add(reset);
    }

    /** Listens from now on. */
    StreamRecorder listen() {
        return on(() -> stream.listen(this));
    }

    /** Listens, and says nothing of what it consumes. */
    StreamRecorder listenAndHold() {
        consumes = false;
        return listen();
    }

    StreamRecorder write(String text) {
        return write(text.getBytes(StandardCharsets.UTF_8));
    }

    StreamRecorder write(byte[] bytes) {
        return on(() -> stream.write(buffer(bytes)));
    }

    static ByteBuf buffer(byte[] bytes) {
        return ByteBufAllocator.DEFAULT.ioBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
    }

    StreamRecorder finish() {
        return on(stream::finish);
    }

    StreamRecorder reset(CloseReason reason) {
        return on(() -> stream.reset(reason, "as the test says"));
    }

    StreamRecorder consumed(int bytes) {
        return on(() -> stream.consumed(bytes));
    }

    boolean isWritable() {
        return ask(stream::isWritable);
    }

    StreamRecorder on(Runnable task) {
        ask(() -> {
            task.run();
            return true;
        });
        return this;
    }

    <T> T ask(Callable<T> question) {
        return LaneBench.on(stream.eventLoop(), question);
    }

    /** The next that the listener hears: bytes, {@link #FINISH}, {@link #WRITABLE} or a {@link StreamReset}. */
    Object next() throws InterruptedException {
        Object event = heard.poll(ScriptedPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("the listener heard nothing");
        }
        return event;
    }

    /** Bytes up to this many; nothing else may come between. */
    byte[] nextBytes(int count) throws InterruptedException {
        ByteArrayOutputStream collected = new ByteArrayOutputStream();
        while (collected.size() < count) {
            Object event = next();
            if (event instanceof Bytes bytes) {
                collected.writeBytes(bytes.bytes());
            } else if (event != WRITABLE) { // The kernel decides when that is.
                throw new AssertionError("expected bytes, heard " + event);
            }
        }
        return collected.toByteArray();
    }

    String nextText(int bytes) throws InterruptedException {
        return new String(nextBytes(bytes), StandardCharsets.UTF_8);
    }

    StreamReset nextReset() throws InterruptedException {
        Object event = next();
        if (event instanceof StreamReset reset) {
            return reset;
        }
        throw new AssertionError("expected a reset, heard " + event);
    }

    /** What was heard and not yet asked for; after a turn of the loop, so that what was under way is in it. */
    int heardMore() {
        on(() -> {});
        return heard.size();
    }
}
