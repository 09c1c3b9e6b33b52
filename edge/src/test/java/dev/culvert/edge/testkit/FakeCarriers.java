package dev.culvert.edge.testkit;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Carriers whose streams end at targets that a test plays. There are as many as a test says, all equally good. */
public final class FakeCarriers implements Carriers {
    private static final int WAIT_SECONDS = 5;

    private final BlockingQueue<FakeTarget> opened = new LinkedBlockingQueue<>();
    private final Queue<CloseReason> refusals = new ArrayDeque<>();
    private volatile List<Carrier> carriers = List.of(new FakeCarrier());

    /** Whether they may all be dead. */
    public volatile boolean doubtful;

    /** What carriers were last asked for. */
    public volatile @Nullable Tunnel wanted;

    /** From now on there are so many. */
    public void number(int count) {
        carriers = java.util.stream.Stream.<Carrier>generate(FakeCarrier::new)
                .limit(count)
                .toList();
    }

    /** The next stream is not opened, for this reason. */
    public synchronized void refuse(CloseReason reason) {
        refusals.add(reason);
    }

    /** The target at the end of the next stream that is opened. */
    public FakeTarget awaitStream() throws InterruptedException {
        FakeTarget target = opened.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        if (target == null) {
            throw new AssertionError("no stream was opened within %d s".formatted(WAIT_SECONDS));
        }
        return target;
    }

    /** How many streams were opened that nobody has asked for with {@link #awaitStream}. */
    public int unseenStreams() {
        return opened.size();
    }

    @Override
    public List<Carrier> to(Tunnel tunnel) {
        wanted = tunnel;
        return carriers;
    }

    private synchronized CloseReason nextRefusal() {
        return refusals.poll();
    }

    private final class FakeCarrier implements Carrier {
        @Override
        public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
            if (!visitorLoop.inEventLoop()) {
                throw new IllegalStateException("asked on " + Thread.currentThread());
            }
            CloseReason refusal = nextRefusal();
            if (refusal != null) {
                return Future.failedFuture(StreamClosedException.refused(refusal, "as the test says"));
            }
            FakeTarget target = new FakeTarget(request, visitorLoop);
            opened.add(target);
            return Future.succeededFuture(target.stream());
        }

        @Override
        public boolean isDoubtful() {
            return doubtful;
        }

        @Override
        public int load() {
            return 0;
        }
    }
}
