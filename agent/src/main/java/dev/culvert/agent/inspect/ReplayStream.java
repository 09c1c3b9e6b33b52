package dev.culvert.agent.inspect;

import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream with no visitor at its far end, but a request that was recorded. What the target answers is recorded on its way,
 * and dropped here. Ended once the answer is over.
 *
 * <p>Runs on its event loop.
 */
final class ReplayStream implements TunnelStream {
    /** How long a target may take to end its side once it has answered, in milliseconds; most do so at once. */
    private static final long LINGER_MILLIS = 1000;

    private final EventLoop eventLoop;
    private final long original;
    private final Promise<Recording> begun = Promise.promise();
    private final Promise<Void> over = Promise.promise();
    private @Nullable ByteBuf request;
    private @Nullable Listener listener;
    private boolean finished;
    private boolean ended;

    /**
     * A replay of the recording with this id.
     *
     * @param request owned by the stream from here on
     */
    ReplayStream(EventLoop eventLoop, long original, ByteBuf request) {
        this.eventLoop = eventLoop;
        this.original = original;
        this.request = request;
    }

    long original() {
        return original;
    }

    /** Its own recording, once there is one; fails when its tunnel is not there any more. */
    Future<Recording> begun() {
        return begun.future();
    }

    /** Succeeds when it is over. */
    Future<Void> over() {
        return over.future();
    }

    /** Its request was seen on the way to the target. */
    void begun(Recording recording) {
        begun.tryComplete(recording);
    }

    /** The whole answer was seen on its way back. Who serves the stream is in the midst of writing it. */
    void answered() {
        eventLoop.execute(() -> {
            finishRequests(); // Not a reset: some servers report one as a fault.
            if (!ended) {
                eventLoop.schedule(() -> cancel(""), LINGER_MILLIS, TimeUnit.MILLISECONDS);
            }
        });
    }

    /** It cannot be seen where its answer ends. Who serves the stream may be in the midst of something. */
    void lost(String why) {
        eventLoop.execute(() -> cancel(why));
    }

    private void finishRequests() {
        if (!ended && !finished && listener != null) {
            finished = true;
            listener.onFinish();
        }
    }

    /** Ends it, with what comes from the target cut off. */
    void cancel(String why) {
        if (!ended) {
            Listener hearing = listener;
            end(why);
            if (hearing != null) {
                hearing.onReset(new StreamReset(CloseReason.CANCELLED, StreamReset.UNKNOWN, why));
            }
        }
    }

    private void end(String why) {
        ended = true;
        if (request != null) {
            request.release();
            request = null;
        }
        begun.tryFail(new ReplayRefusedException(why));
        over.tryComplete();
    }

    @Override
    public EventLoop eventLoop() {
        return eventLoop;
    }

    @Override
    public void listen(Listener newListener) {
        listener = newListener;
        ByteBuf bytes = request;
        request = null;
        if (bytes != null) {
            newListener.onBytes(bytes);
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public void finish() {
        eventLoop.execute(() -> {
            finishRequests(); // There was no answer, or one to the end of the connection: nobody waits for more.
            if (!ended) {
                end("");
            }
        });
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        end(detail);
    }

    @Override
    public void reset(StreamReset reset) {
        end(reset.detail());
    }

    @Override
    public void consumed(int bytes) {}

    @Override
    public void report(Exchange exchange) {}
}
