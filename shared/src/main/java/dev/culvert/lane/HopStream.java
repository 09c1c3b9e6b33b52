package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A stream whose visitor lives on another event loop than its lane: two batched queues, one each way, and nothing shared
 * but a count.
 *
 * <p>Bytes that wait in the queue towards the lane count as written: the visitor's side is asked to stop when they and
 * those that wait in the lane pass the same mark that a stream on the lane's own loop has.
 */
public final class HopStream implements TunnelStream {
    private final LoopQueue toLane;
    private final LoopQueue toVisitor;
    private final EventLoop visitorLoop;
    /** Written here and not yet gone out from the lane's stream below its mark. */
    private final AtomicInteger unsentBytes = new AtomicInteger();

    // The visitor's side, on its loop.
    private final Inbox inbox = new Inbox(ByteBufAllocator.DEFAULT);
    private boolean toldToStop;

    // The lane's side, on its loop.
    private @Nullable TunnelStream stream;
    private int heldBackBytes;

    HopStream(EventLoop visitorLoop, EventLoop laneLoop) {
        this.visitorLoop = visitorLoop;
        this.toLane = new LoopQueue(laneLoop);
        this.toVisitor = new LoopQueue(visitorLoop);
    }

    /**
     * The stream for a visitor on another event loop.
     *
     * @param stream that nobody listens to yet, on its own loop
     * @return the stream itself where the two loops are one
     */
    public static TunnelStream to(EventLoop visitorLoop, TunnelStream stream) {
        if (stream.eventLoop() == visitorLoop) {
            return stream;
        }
        HopStream hop = new HopStream(visitorLoop, stream.eventLoop());
        hop.attach(stream);
        return hop;
    }

    /** Gives the hop its stream; on the lane's loop, before anything that was queued towards it runs. */
    void attach(TunnelStream opened) {
        stream = opened;
        opened.listen(new LaneSide(opened));
    }

    @Override
    public EventLoop eventLoop() {
        return visitorLoop;
    }

    @Override
    public void listen(Listener newListener) {
        if (inbox.listen(newListener) && toldToStop) {
            toVisitor.add(this::tellWritable); // Of room that may have come while nobody listened.
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (inbox.isClosed()) {
            bytes.release();
            return;
        }
        int size = bytes.readableBytes();
        unsentBytes.addAndGet(size);
        toLane.add(() -> writeToLane(bytes, size));
    }

    @Override
    public boolean isWritable() {
        toldToStop = inbox.isClosed() || unsentBytes.get() >= LaneStream.HIGH_WATER_BYTES;
        return !toldToStop;
    }

    @Override
    public void finish() {
        toLane.add(() -> laneStream().finish());
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (!inbox.isClosed()) {
            inbox.close();
            toLane.add(() -> laneStream().reset(reason, detail));
        }
    }

    @Override
    public void reset(StreamReset reset) {
        if (!inbox.isClosed()) {
            inbox.close();
            toLane.add(() -> laneStream().reset(reset));
        }
    }

    @Override
    public void consumed(int bytes) {
        toLane.add(() -> laneStream().consumed(bytes));
    }

    @Override
    public void report(Exchange exchange) {
        toLane.add(() -> laneStream().report(exchange));
    }

    private TunnelStream laneStream() {
        if (stream == null) {
            throw new IllegalStateException("the hop's queue ran before the stream was opened");
        }
        return stream;
    }

    private void writeToLane(ByteBuf bytes, int size) {
        laneStream().write(bytes);
        if (laneStream().isWritable()) {
            sent(size);
        } else {
            heldBackBytes += size;
        }
    }

    private void sent(int bytes) {
        int left = unsentBytes.addAndGet(-bytes);
        if (left + bytes >= LaneStream.HIGH_WATER_BYTES && left < LaneStream.HIGH_WATER_BYTES) {
            toVisitor.add(this::tellWritable);
        }
    }

    private void tellWritable() {
        Listener listener = inbox.listener();
        if (listener != null && !inbox.isClosed() && toldToStop && isWritable()) {
            listener.onWritable();
        }
    }

    private void deliverReport(Exchange exchange) {
        Listener listener = inbox.listener();
        if (listener != null && !inbox.isClosed()) {
            listener.onReport(exchange);
        }
    }

    /** Hears the lane's stream, on the lane's loop, and passes it on. */
    private final class LaneSide implements Listener {
        private final TunnelStream opened;

        LaneSide(TunnelStream opened) {
            this.opened = opened;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            toVisitor.add(() -> inbox.bytes(bytes));
        }

        @Override
        public void onWritable() {
            if (opened.isWritable()) {
                int bytes = heldBackBytes;
                heldBackBytes = 0;
                sent(bytes);
            }
        }

        @Override
        public void onReport(Exchange exchange) {
            toVisitor.add(() -> deliverReport(exchange));
        }

        @Override
        public void onFinish() {
            toVisitor.add(inbox::finish);
        }

        @Override
        public void onReset(StreamReset reset) {
            toVisitor.add(() -> inbox.reset(reset));
        }
    }
}
