package dev.culvert.lane;

import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;

/**
 * Two streams joined: what comes out of one goes into the other, with back-pressure, half-close and reset in both
 * directions. What one far end says of an early end, the other hears unchanged: the offset is that of whoever handed the
 * bytes on last, not of this node.
 *
 * <p>Bytes go into a stream only while it is writable; the rest waits within the other's window. They count as consumed
 * once they have gone in. Runs on the event loop that the two share.
 */
public final class StreamJoin {
    private final Direction forth;
    private final Direction back;
    /** One of the two was reset, and so is the other. */
    private boolean reset;

    private StreamJoin(TunnelStream first, TunnelStream second, Consumer<StreamReset> secondReset) {
        this.forth = new Direction(first, second, how -> {});
        this.back = new Direction(second, first, secondReset);
    }

    /** Joins two streams that nobody listens to yet. On their event loop. */
    public static void join(TunnelStream first, TunnelStream second) {
        join(first, second, how -> {});
    }

    /**
     * The same.
     *
     * @param secondReset told when the far end of the second one has reset it, before that of the first one hears
     */
    public static void join(TunnelStream first, TunnelStream second, Consumer<StreamReset> secondReset) {
        if (first.eventLoop() != second.eventLoop()) {
            throw new IllegalArgumentException("the two streams live on different event loops");
        }
        StreamJoin join = new StreamJoin(first, second, secondReset);
        first.listen(join.forth);
        second.listen(join.back);
    }

    private void release() {
        reset = true;
        forth.waiting.release();
        back.waiting.release();
    }

    /** One of the two directions: hears the stream that it takes from. */
    private final class Direction implements TunnelStream.Listener {
        private final TunnelStream from;
        private final TunnelStream to;
        private final Consumer<StreamReset> onReset;
        private final PendingBytes waiting = new PendingBytes(ByteBufAllocator.DEFAULT);
        private boolean finished;
        private boolean finishedOn;

        Direction(TunnelStream from, TunnelStream to, Consumer<StreamReset> onReset) {
            this.from = from;
            this.to = to;
            this.onReset = onReset;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            if (reset) {
                bytes.release();
            } else if (waiting.isEmpty() && to.isWritable()) {
                handOn(bytes);
            } else {
                waiting.add(bytes);
            }
        }

        /** The stream that this direction takes from is the one that the opposite direction fills. */
        @Override
        public void onWritable() {
            (this == forth ? back : forth).drain();
        }

        @Override
        public void onReport(Exchange exchange) {
            to.report(exchange);
        }

        @Override
        public void onFinish() {
            finished = true;
            finishWhenDrained();
        }

        @Override
        public void onReset(StreamReset how) {
            if (!reset) {
                release();
                onReset.accept(how);
                to.reset(how);
            }
        }

        private void drain() {
            while (!reset && to.isWritable()) {
                ByteBuf bytes = waiting.poll(Integer.MAX_VALUE);
                if (bytes == null) {
                    break;
                }
                handOn(bytes);
            }
            finishWhenDrained();
        }

        private void handOn(ByteBuf bytes) {
            int size = bytes.readableBytes();
            to.write(bytes);
            from.consumed(size);
        }

        private void finishWhenDrained() {
            if (finished && waiting.isEmpty() && !reset && !finishedOn) {
                finishedOn = true;
                to.finish();
            }
        }
    }
}
