package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.PendingBytes;
import dev.culvert.lane.Splice;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 to a target, over a stream: one request at a time, and the next one only when this one left nothing behind.
 * Only here is HTTP written to a stream and read from one. Runs on the stream's event loop.
 *
 * <pre>
 *   idle ──{@link #begin}──► in use ──{@link #isReusable}──► {@link #rest} ──► idle
 *     │                        │ {@link #joinTo} ──► raw, no more of ours
 *     └── any byte, or an end ─┴──{@link #end}──► ended
 * </pre>
 */
final class TargetConnection implements TunnelStream.Listener {
    /** A status has three digits (RFC 9112, 4). */
    private static final int LOWEST_STATUS = 100;

    private static final int HIGHEST_STATUS = 999;

    private final Tunnel tunnel;
    private final TunnelStream stream;
    private final Carrier carrier;
    private final FieldRoom fields;
    private final ResponseDecoder decoder;
    private final EmbeddedChannel codec;
    private final PendingBytes unparsed;
    private @Nullable Listener listener;
    private @Nullable Runnable endedIdle;
    private @Nullable Channel rawTo;

    private long bytesWritten;
    private long firstByteOffset;
    private int exchanges;
    private int parsedUnsaid;
    private boolean parsing;
    private boolean answering;
    private boolean requestEnded;
    private boolean responseEnded;
    private boolean targetCloses;
    private boolean endsWithStream;
    private boolean streamFinished;
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
     * @param heads what large heads of answers may take of the heap, with all others
     */
    TargetConnection(
            Tunnel tunnel, TunnelStream stream, Carrier carrier, ByteBufAllocator allocator, WindowBudget heads) {
        this.tunnel = tunnel;
        this.stream = stream;
        this.carrier = carrier;
        this.unparsed = new PendingBytes(allocator);
        this.fields = new FieldRoom(heads);
        this.decoder = new ResponseDecoder(fields);
        this.codec = new EmbeddedChannel(new ToStream(), decoder, new HttpRequestEncoder(), new FromDecoder());
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
        answering = false;
        requestEnded = false;
        responseEnded = false;
        endsWithStream = false;
        decoder.expect(request.method());
        write(request);
        if (exchanges == 1) {
            stream.listen(this);
        }
    }

    /** Sends a piece of the request's body, and takes it over. */
    void send(HttpContent content) {
        requestEnded |= content instanceof LastHttpContent;
        write(content);
    }

    boolean isWritable() {
        return stream.isWritable();
    }

    /** Whether an earlier request was answered here: its target may have closed just before this one. */
    boolean isReused() {
        return exchanges > 1;
    }

    /** Whether a byte of the answer has come. */
    boolean isAnswering() {
        return answering;
    }

    /** Where in the stream this exchange's request begins: what {@link StreamReset#provesUndelivered} asks for. */
    long firstByteOffset() {
        return firstByteOffset;
    }

    /**
     * The visitor takes no more for now: nothing more is parsed, and what the target still sends waits, until the stream's
     * window is full.
     */
    void pause() {
        decoder.pause();
    }

    void resume() {
        if (decoder.isPaused()) {
            decoder.unpause();
            sayConsumed(); // Before more is parsed: that may fill the visitor's channel again.
            parse();
        }
    }

    void report(Exchange exchange) {
        stream.report(exchange);
    }

    /** Whether the next request may go here: both sides ended cleanly, and nothing is unread. */
    boolean isReusable() {
        return !targetCloses && !streamFinished && !isLeaving() && !fields.hasGrown() && isCleanlyOver();
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
        return requestEnded && responseEnded && !ended && unparsed.isEmpty() && decoder.heldBytes() == 0;
    }

    /** Waits for the next exchange. What comes meanwhile was asked for by nobody: it ends the connection. */
    void rest(Runnable ended) {
        listener = null;
        endedIdle = ended;
        fields.close();
        decoder.unpause();
        sayConsumed();
    }

    /**
     * No more requests. What ended cleanly is finished, so that the target sees an end and no reset; what did not, or
     * whose target does not finish in turn, is cancelled.
     *
     * @param most how long the target may take
     */
    void retire(Duration most) {
        if (ended) {
            return;
        } else if (!isCleanlyOver()) {
            end(CloseReason.CANCELLED, "not fit for another request");
            return;
        }
        listener = null;
        finishedHere = true;
        stream.finish();
        if (streamFinished) {
            release();
        } else {
            ScheduledFuture<?> timer = stream.eventLoop()
                    .schedule(
                            () -> end(CloseReason.CANCELLED, "the target did not finish"),
                            most.toMillis(),
                            TimeUnit.MILLISECONDS);
            endedIdle = () -> timer.cancel(false);
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
        rawTo = visitor;
        codec.pipeline().remove(decoder); // Hands on what it holds, as bytes.
        for (ByteBuf bytes = unparsed.poll(Integer.MAX_VALUE);
                bytes != null;
                bytes = unparsed.poll(Integer.MAX_VALUE)) {
            parsedUnsaid += bytes.readableBytes();
            visitor.write(bytes, visitor.voidPromise());
        }
        visitor.flush();
        sayConsumed();
        closeCodec();
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
        } else if (listener == null) {
            bytes.release();
            endIdle("the target sent something that nobody asked for");
        } else {
            answering = true;
            if (unparsed.isEmpty() && !parsing && takesMore()) {
                parse(bytes);
            } else {
                unparsed.add(bytes);
                parse();
            }
        }
    }

    @Override
    public void onWritable() {
        if (listener != null) {
            listener.onTargetWritable();
        }
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
            parse();
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

    private void write(HttpObject part) {
        if (ended) {
            ReferenceCountUtil.release(part);
        } else {
            Throwable failure = codec.pipeline().write(part).cause(); // Written by now: no socket is here.
            if (failure != null) {
                throw new IllegalStateException("request cannot be encoded", failure);
            }
        }
    }

    /** Whether what comes is parsed at once. */
    private boolean takesMore() {
        return !ended && !decoder.isPaused() && !responseEnded;
    }

    private void parse() {
        parse(null);
    }

    /** Parses what waits. With bytes that did not have to wait, nothing does; they are taken over. */
    private void parse(@Nullable ByteBuf fresh) {
        if (parsing || ended) {
            return;
        }
        parsing = true;
        try {
            if (fresh == null && decoder.heldBytes() > 0) {
                decoder.decodeHeld(codec.pipeline().context(decoder));
            }
            ByteBuf bytes = fresh == null && takesMore() ? unparsed.poll(Integer.MAX_VALUE) : fresh;
            while (bytes != null) {
                parsedUnsaid += bytes.readableBytes();
                codec.pipeline().fireChannelRead(bytes).fireChannelReadComplete();
                bytes = takesMore() ? unparsed.poll(Integer.MAX_VALUE) : null;
            }
        } catch (Exception e) {
            garbage(e);
        } finally {
            parsing = false;
            if (ended) {
                closeCodec();
            }
        }
        if (!ended && !decoder.isPaused()) {
            sayConsumed();
            if (streamFinished && !responseEnded && unparsed.isEmpty()) {
                streamEndedInResponse();
            }
        }
    }

    private void sayConsumed() {
        if (parsedUnsaid > 0) {
            stream.consumed(parsedUnsaid);
            parsedUnsaid = 0;
        }
    }

    /** The target has said all it will: the end of a body without a length, and too early for everything else. */
    private void streamEndedInResponse() {
        Listener hearing = listener;
        if (hearing == null) {
            return;
        } else if (endsWithStream) {
            responseEnded = true;
            hearing.onContent(LastHttpContent.EMPTY_LAST_CONTENT);
        } else {
            lose(hearing, "the answer was not complete");
        }
    }

    /** The exchange hears of it before the stream ends, and reports: behind a reset no relay passes that on. */
    private void lose(Listener hearing, String detail) {
        listener = null;
        hearing.onLost(new StreamReset(CloseReason.TARGET_FAILED, StreamReset.UNKNOWN, ""));
        end(CloseReason.CANCELLED, detail);
    }

    private void decoded(Object part) {
        Listener hearing = listener;
        if (rawTo != null && part instanceof ByteBuf bytes) {
            rawTo.write(bytes, rawTo.voidPromise());
        } else if (hearing == null || responseEnded) {
            ReferenceCountUtil.release(part);
        } else if (part instanceof HttpObject object && object.decoderResult().isFailure()) {
            ReferenceCountUtil.release(part);
            garbage(object.decoderResult().cause());
        } else if (part instanceof HttpResponse response) {
            decodedHead(response, hearing);
        } else if (part instanceof HttpContent content) {
            responseEnded = content instanceof LastHttpContent;
            hearing.onContent(content);
        } else {
            ReferenceCountUtil.release(part);
        }
    }

    private void decodedHead(HttpResponse response, Listener hearing) {
        int status = response.status().code();
        if (status < LOWEST_STATUS || status > HIGHEST_STATUS) {
            garbage(new IllegalArgumentException("status " + status));
        } else if (!isPhrase(response.status().reasonPhrase())) {
            garbage(new IllegalArgumentException("control characters in the status line"));
        } else if (response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            hearing.onSwitch(response);
        } else if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
            hearing.onInterim(response);
        } else {
            targetCloses = !HttpUtil.isKeepAlive(response);
            endsWithStream = !response.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                    && !HttpUtil.isTransferEncodingChunked(response);
            hearing.onHead(response);
        }
    }

    /** RFC 9112, 4: whatever can be seen, spaces and tabs. */
    private static boolean isPhrase(String phrase) {
        for (int i = 0; i < phrase.length(); i++) {
            char c = phrase.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7f) {
                return false;
            }
        }
        return true;
    }

    private void garbage(@Nullable Throwable cause) {
        Listener hearing = listener;
        String found = cause == null ? "no HTTP" : "no HTTP (" + cause.getMessage() + ")";
        // Reports, which must go before the end.
        if (hearing != null && cause instanceof FieldRoom.NoRoomException) {
            hearing.onNoRoom();
        } else if (hearing != null) {
            hearing.onGarbage(found);
        }
        end(CloseReason.CANCELLED, "the answer makes no sense");
    }

    private void release() {
        ended = true;
        listener = null;
        endedIdle = null;
        unparsed.release();
        decoder.stop();
        closeCodec();
    }

    /** Not under the feet of a decoding loop: that calls again when it is over. */
    private void closeCodec() {
        if (!parsing) {
            codec.finishAndReleaseAll();
        }
    }

    /** Where the encoder's bytes go. */
    private final class ToStream extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            ByteBuf bytes = (ByteBuf) message;
            bytesWritten += bytes.readableBytes();
            if (bytes.isReadable()) {
                stream.write(bytes);
            } else {
                bytes.release();
            }
            promise.trySuccess();
        }
    }

    /** Where the decoder's objects come out. */
    private final class FromDecoder extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            decoded(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            garbage(cause);
        }
    }
}
