package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.Splice;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP to a target, over a stream: one request at a time, and the next one only when this one left nothing behind. Which
 * HTTP it is, the {@link TargetCodec} knows. Runs on the stream's event loop.
 *
 * <pre>
 *   idle ──{@link #begin}──► in use ──{@link #isReusable}──► {@link #rest} ──► idle
 *     │                        │ {@link #joinTo} ──► raw, no more of ours
 *     └── an end, or a byte ───┴──{@link #end}──► ended
 *         that nobody asked for
 * </pre>
 */
final class TargetConnection implements TunnelStream.Listener {
    private final Tunnel tunnel;
    private final TunnelStream stream;
    private final Carrier carrier;
    private final TargetCodec codec;
    private @Nullable Listener listener;
    private @Nullable Runnable endedIdle;

    private long bytesWritten;
    private long firstByteOffset;
    private int exchanges;
    private boolean requestEnded;
    private boolean responseEnded;
    private boolean streamFinished;
    private boolean retiring;
    private boolean finishedHere;
    private boolean ended;

    /** Hears the answer. Called on the event loop. */
    interface Listener {
        /** A 1xx that is not a 101. */
        void onInterim(HttpResponse response);

        /** A 101; nothing behind it was read as HTTP. */
        void onSwitch(HttpResponse response);

        void onHead(HttpResponse response);

        /** A piece of the body, the last of which ends the response; the listener's to release. */
        void onContent(HttpContent content);

        /** More of the request may be sent. */
        void onTargetWritable();

        /** The stream ended before the response did. */
        void onLost(StreamReset reset);

        /** The answer is not HTTP as it should be. */
        void onGarbage(String found);

        /** There is no memory for the head of the answer. */
        void onNoRoom();
    }

    /**
     * One that nobody uses yet.
     *
     * @param tunnel as it was when the stream was opened
     */
    TargetConnection(Tunnel tunnel, TunnelStream stream, Carrier carrier, ByteBufAllocator allocator, Ingress ingress) {
        this.tunnel = tunnel;
        this.stream = stream;
        this.carrier = carrier;
        FieldRoom fields = new FieldRoom(ingress.heads());
        this.codec = tunnel.kind().equals(Tunnel.HTTP2)
                ? new Http2TargetCodec(
                        new Decoded(),
                        allocator,
                        fields,
                        ingress.http2Windows(),
                        tunnel.policy().target())
                : new Http1TargetCodec(new Decoded(), allocator, fields);
    }

    /** Whose target it is. */
    Tunnel tunnel() {
        return tunnel;
    }

    /** Takes the connection for one exchange. */
    void begin(Listener exchange, HttpRequest request) {
        listener = exchange;
        endedIdle = null;
        exchanges++;
        firstByteOffset = bytesWritten;
        requestEnded = false;
        responseEnded = false;
        codec.begin(request);
        if (exchanges == 1) {
            stream.listen(this);
        }
    }

    /** Sends a piece of the request's body, and takes it over. */
    void send(HttpContent content) {
        requestEnded |= content instanceof LastHttpContent;
        if (ended) {
            content.release();
        } else {
            codec.send(content);
        }
    }

    boolean isWritable() {
        return codec.isWritable();
    }

    /** Whether an earlier request was answered here: its target may have closed just before this one. */
    boolean isReused() {
        return exchanges > 1;
    }

    /** Whether a byte of the answer has come. */
    boolean isAnswering() {
        return codec.isAnswering();
    }

    /** Where in the stream this exchange's request begins: what {@link StreamReset#provesUndelivered} asks for. */
    long firstByteOffset() {
        return firstByteOffset;
    }

    /** The visitor takes no more for now: what the target still sends waits, until the stream's window is full. */
    void pause() {
        codec.pause();
    }

    void resume() {
        codec.resume();
    }

    void report(Exchange exchange) {
        stream.report(exchange);
    }

    /** Whether the next request may go here: both sides ended cleanly, and nothing is unread. */
    boolean isReusable() {
        return !streamFinished && !isLeaving() && codec.isReusable() && isCleanlyOver() && codec.hasSentAll();
    }

    /** Whether the stream goes through a second node. */
    boolean isRelayed() {
        return carrier.isRelayed();
    }

    /** Whether what carries the stream is about to end. */
    boolean isLeaving() {
        return carrier.isLeaving();
    }

    private boolean isCleanlyOver() {
        return requestEnded && responseEnded && !ended && codec.isSettled();
    }

    /** Waits for the next exchange. What comes meanwhile and was asked for by nobody ends the connection. */
    void rest(Runnable ended) {
        listener = null;
        endedIdle = ended;
        codec.rest();
    }

    /**
     * No more requests. What ended cleanly is finished, once the target has let all of the request come, so that it sees an
     * end and no reset; what did not, or whose target does not finish in turn, is cancelled.
     *
     * @param most how long the target may take
     */
    void retire(Duration most) {
        if (ended) {
            return;
        } else if (!isCleanlyOver() || (streamFinished && !codec.hasSentAll())) {
            end(CloseReason.CANCELLED, "not fit for another request");
            return;
        }
        listener = null;
        retiring = true;
        finishOnceAllIsSent();
        if (!ended) {
            ScheduledFuture<?> timer = stream.eventLoop()
                    .schedule(
                            () -> end(CloseReason.CANCELLED, "the target did not finish"),
                            most.toMillis(),
                            TimeUnit.MILLISECONDS);
            endedIdle = () -> timer.cancel(false);
        }
    }

    private void finishOnceAllIsSent() {
        if (finishedHere || !codec.hasSentAll()) {
            return;
        }
        codec.finish();
        finishedHere = true;
        stream.finish();
        if (streamFinished) {
            release();
        }
    }

    /** Ends the stream, whatever was under way. The listener hears nothing of it. */
    void end(CloseReason reason, String detail) {
        if (!ended) {
            release();
            stream.reset(reason, detail);
        }
    }

    /**
     * After a 101: joins the stream to the visitor's channel, from whose pipeline HTTP is gone. What the target sent
     * behind the 101 goes first. This object is done.
     */
    void joinTo(Channel visitor, Splice.Listener whenEnded) {
        ended = true;
        listener = null;
        codec.handOver(visitor);
        Splice splice = Splice.join(stream, visitor, CloseReason.CANCELLED, whenEnded);
        if (streamFinished) {
            splice.onFinish();
        }
    }

    // The stream's events.

    @Override
    public void onBytes(ByteBuf bytes) {
        if (ended) {
            bytes.release();
        } else if (listener == null && !codec.speaksUnasked()) {
            bytes.release();
            endIdle("the target sent something that nobody asked for");
        } else {
            codec.receive(bytes);
        }
    }

    @Override
    public void onWritable() {
        codec.streamWritable();
    }

    @Override
    public void onFinish() {
        streamFinished = true;
        Listener hearing = listener;
        if (hearing == null && finishedHere) {
            Runnable forgetting = endedIdle;
            release();
            if (forgetting != null) {
                forgetting.run();
            }
        } else if (hearing == null) {
            endIdle("the target closed its idle connection");
        } else if (responseEnded) {
            lose(hearing, "the target takes no more of the request");
        } else {
            codec.streamFinished();
        }
    }

    @Override
    public void onReset(StreamReset reset) {
        if (ended) {
            return;
        }
        Listener hearing = listener;
        Runnable forgetting = endedIdle;
        release();
        if (hearing != null) {
            hearing.onLost(reset);
        } else if (forgetting != null) {
            forgetting.run();
        }
    }

    private void endIdle(String detail) {
        Runnable forgetting = endedIdle;
        end(CloseReason.CANCELLED, detail);
        if (forgetting != null) {
            forgetting.run();
        }
    }

    /** The exchange hears of it before the stream ends, and reports: behind a reset no relay passes that on. */
    private void lose(Listener hearing, String detail) {
        lose(hearing, new StreamReset(CloseReason.TARGET_FAILED, StreamReset.UNKNOWN, ""), detail);
    }

    private void lose(Listener hearing, StreamReset reset, String detail) {
        listener = null;
        hearing.onLost(reset);
        end(CloseReason.CANCELLED, detail);
    }

    private void release() {
        ended = true;
        listener = null;
        endedIdle = null;
        codec.stop();
    }

    /** What the codec has to say. */
    private final class Decoded implements TargetCodec.Connection {
        @Override
        public void write(ByteBuf bytes) {
            if (ended || finishedHere) {
                bytes.release();
                return;
            }
            bytesWritten += bytes.readableBytes();
            stream.write(bytes);
        }

        @Override
        public boolean isStreamWritable() {
            return stream.isWritable();
        }

        @Override
        public void targetWritable() {
            if (listener != null) {
                listener.onTargetWritable();
            } else if (retiring && !ended) {
                finishOnceAllIsSent();
            }
        }

        @Override
        public void consumed(int bytes) {
            stream.consumed(bytes);
        }

        @Override
        public void interim(HttpResponse response) {
            if (listener != null) {
                listener.onInterim(response);
            }
        }

        @Override
        public void switched(HttpResponse response) {
            if (listener != null) {
                listener.onSwitch(response);
            }
        }

        @Override
        public void head(HttpResponse response) {
            if (listener != null) {
                listener.onHead(response);
            }
        }

        @Override
        public void content(HttpContent content) {
            Listener hearing = listener;
            if (hearing == null || responseEnded) {
                content.release();
            } else {
                responseEnded = content instanceof LastHttpContent;
                hearing.onContent(content);
            }
        }

        @Override
        public void garbage(String found) {
            Listener hearing = listener;
            if (hearing == null) {
                endIdle("the target sent " + found);
                return;
            }
            hearing.onGarbage(found); // Reports, which must go before the end.
            end(CloseReason.CANCELLED, "the answer makes no sense");
        }

        @Override
        public void noRoom() {
            if (listener != null) {
                listener.onNoRoom();
            }
            end(CloseReason.CANCELLED, "no memory for the answer's head");
        }

        @Override
        public void lost(String detail) {
            if (listener != null) {
                lose(listener, detail);
            }
        }

        @Override
        public void refused(String detail) {
            if (listener != null) {
                lose(listener, new StreamReset(CloseReason.OVERLOADED, 0, detail), detail); // As servers mean it.
            }
        }

        @Override
        public void takesNoMore(String detail) {
            if (listener == null && !retiring) {
                endIdle(detail);
            }
        }
    }
}
