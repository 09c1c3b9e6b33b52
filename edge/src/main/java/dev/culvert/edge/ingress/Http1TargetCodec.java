package dev.culvert.edge.ingress;

import dev.culvert.lane.PendingBytes;
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
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 to a target. While the visitor takes no more, nothing more is parsed: what came waits as it came. Only here is
 * HTTP/1.1 written to a stream and read from one.
 */
final class Http1TargetCodec implements TargetCodec {
    /** A status has three digits (RFC 9112, 4). */
    private static final int LOWEST_STATUS = 100;

    private static final int HIGHEST_STATUS = 999;

    private final Connection connection;
    private final FieldRoom fields;
    private final ResponseDecoder decoder;
    private final EmbeddedChannel codec;
    private final PendingBytes unparsed;
    private @Nullable Channel rawTo;

    private int parsedUnsaid;
    private boolean parsing;
    private boolean answering;
    private boolean responseEnded;
    private boolean targetCloses;
    private boolean endsWithStream;
    private boolean streamFinished;
    private boolean stopped;

    /**
     * For one connection.
     *
     * @param fields what heads of answers may take of the heap
     */
    Http1TargetCodec(Connection connection, ByteBufAllocator allocator, FieldRoom fields) {
        this.connection = connection;
        this.fields = fields;
        this.unparsed = new PendingBytes(allocator);
        this.decoder = new ResponseDecoder(fields);
        this.codec = new EmbeddedChannel(new ToStream(), decoder, new HttpRequestEncoder(), new FromDecoder());
    }

    @Override
    public void begin(HttpRequest request) {
        answering = false;
        responseEnded = false;
        endsWithStream = false;
        decoder.expect(request.method());
        write(request);
    }

    @Override
    public void send(HttpContent content) {
        write(content);
    }

    private void write(HttpObject part) {
        Throwable failure = codec.pipeline().write(part).cause(); // Written by now: no socket is here.
        if (failure != null) {
            throw new IllegalStateException("request cannot be encoded", failure);
        }
    }

    @Override
    public boolean isWritable() {
        return connection.isStreamWritable();
    }

    @Override
    public void streamWritable() {
        connection.targetWritable();
    }

    @Override
    public void receive(ByteBuf bytes) {
        answering = true;
        if (unparsed.isEmpty() && !parsing && takesMore()) {
            parse(bytes);
        } else {
            unparsed.add(bytes);
            parse();
        }
    }

    @Override
    public boolean isAnswering() {
        return answering;
    }

    @Override
    public void streamFinished() {
        streamFinished = true;
        parse();
    }

    @Override
    public void pause() {
        decoder.pause();
    }

    @Override
    public void resume() {
        if (decoder.isPaused()) {
            decoder.unpause();
            sayConsumed(); // Before more is parsed: that may fill the visitor's channel again.
            parse();
        }
    }

    @Override
    public boolean isSettled() {
        return unparsed.isEmpty() && decoder.heldBytes() == 0;
    }

    @Override
    public boolean hasSentAll() {
        return true;
    }

    @Override
    public boolean isReusable() {
        return !targetCloses && !fields.hasGrown();
    }

    @Override
    public boolean speaksUnasked() {
        return false;
    }

    @Override
    public void rest() {
        fields.close();
        decoder.unpause();
        sayConsumed();
    }

    /** Has none: the end of the stream says it. */
    @Override
    public void finish() {}

    @Override
    public void handOver(Channel visitor) {
        stopped = true;
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
    }

    @Override
    public void stop() {
        stopped = true;
        unparsed.release();
        decoder.stop();
        closeCodec();
    }

    /** Whether what comes is parsed at once. */
    private boolean takesMore() {
        return !stopped && !decoder.isPaused() && !responseEnded;
    }

    private void parse() {
        parse(null);
    }

    /** Parses what waits. With bytes that did not have to wait, nothing does; they are taken over. */
    private void parse(@Nullable ByteBuf fresh) {
        if (parsing || stopped) {
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
            if (stopped) {
                closeCodec();
            }
        }
        if (!stopped && !decoder.isPaused()) {
            sayConsumed();
            if (streamFinished && !responseEnded && unparsed.isEmpty()) {
                streamEndedInResponse();
            }
        }
    }

    private void sayConsumed() {
        if (parsedUnsaid > 0) {
            connection.consumed(parsedUnsaid);
            parsedUnsaid = 0;
        }
    }

    /** The target has said all it will: the end of a body without a length, and too early for everything else. */
    private void streamEndedInResponse() {
        if (endsWithStream) {
            responseEnded = true;
            connection.content(LastHttpContent.EMPTY_LAST_CONTENT);
        } else {
            connection.lost("the answer was not complete");
        }
    }

    private void decoded(Object part) {
        if (rawTo != null && part instanceof ByteBuf bytes) {
            rawTo.write(bytes, rawTo.voidPromise());
        } else if (stopped || responseEnded) {
            ReferenceCountUtil.release(part);
        } else if (part instanceof HttpObject object && object.decoderResult().isFailure()) {
            ReferenceCountUtil.release(part);
            garbage(object.decoderResult().cause());
        } else if (part instanceof HttpResponse response) {
            decodedHead(response);
        } else if (part instanceof HttpContent content) {
            responseEnded = content instanceof LastHttpContent;
            connection.content(content);
        } else {
            ReferenceCountUtil.release(part);
        }
    }

    private void decodedHead(HttpResponse response) {
        int status = response.status().code();
        if (status < LOWEST_STATUS || status > HIGHEST_STATUS) {
            garbage(new IllegalArgumentException("status " + status));
        } else if (!isPhrase(response.status().reasonPhrase())) {
            garbage(new IllegalArgumentException("control characters in the status line"));
        } else if (response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            connection.switched(response);
        } else if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
            connection.interim(response);
        } else {
            targetCloses = !HttpUtil.isKeepAlive(response);
            endsWithStream = !response.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                    && !HttpUtil.isTransferEncodingChunked(response);
            connection.head(response);
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
        if (cause instanceof FieldRoom.NoRoomException) {
            connection.noRoom();
        } else {
            connection.garbage(cause == null ? "no HTTP" : "no HTTP (" + cause.getMessage() + ")");
        }
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
            if (bytes.isReadable()) {
                connection.write(bytes);
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
