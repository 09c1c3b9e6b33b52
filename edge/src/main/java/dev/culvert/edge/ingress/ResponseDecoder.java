package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/**
 * Netty's decoder, made to stop: behind the one final response to each request (Netty's own client codec decodes a
 * second one without complaint), behind a 101 (what follows is no HTTP), and while the visitor takes no more (a body of
 * tiny chunks costs many times its size once decoded). Interim responses come without the empty end that Netty gives
 * them.
 */
final class ResponseDecoder extends HttpResponseDecoder {
    static final int MAX_LINE_BYTES = 16 * 1024;
    /** Without the line ends; with the first line a head has 64 KiB. */
    static final int MAX_FIELDS_BYTES = 48 * 1024;
    /** Larger than any piece that comes, so that none is cut. */
    private static final int MAX_PIECE_BYTES = 1024 * 1024;

    private final FieldRoom fields;
    private boolean head;
    private boolean paused;
    private boolean over = true;

    ResponseDecoder(FieldRoom fields) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_LINE_BYTES)
                .setMaxHeaderSize(MAX_FIELDS_BYTES)
                .setMaxChunkSize(MAX_PIECE_BYTES)
                .setHeadersFactory(fields.heads())
                .setTrailersFactory(fields.trailers()));
        this.fields = fields;
    }

    /** A request with this method was sent: one final response may come. */
    void expect(HttpMethod method) {
        head = HttpMethod.HEAD.equals(method);
        over = false;
    }

    /** Decodes nothing more, for good. */
    void stop() {
        over = true;
    }

    void pause() {
        paused = true;
    }

    boolean isPaused() {
        return paused;
    }

    /** To be followed by {@link #decodeHeld}, outside of a decoding loop. */
    void unpause() {
        paused = false;
    }

    void decodeHeld(ChannelHandlerContext context) throws Exception {
        channelRead(context, Unpooled.EMPTY_BUFFER);
    }

    int heldBytes() {
        return actualReadableBytes();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (paused || over) {
            return;
        }
        super.decode(ctx, in, out);
        boolean interim = false;
        for (int at = 0; at < out.size(); at++) {
            if (out.get(at) instanceof HttpResponse response) {
                fields.settle();
                interim = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
                over = response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
            }
            if (out.get(at) instanceof LastHttpContent) {
                fields.settle();
                if (interim) {
                    out.remove(at);
                } else {
                    over = true;
                }
            }
        }
    }

    @Override
    protected HttpMessage createMessage(String[] firstLine) {
        HttpMessage message = super.createMessage(firstLine);
        fields.take(firstLine[2].length());
        return message;
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) throws Exception {
        fields.close();
        super.handlerRemoved0(ctx);
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return head
                || ((HttpResponse) message).status().codeClass() == HttpStatusClass.INFORMATIONAL
                || super.isContentAlwaysEmpty(message);
    }

    @Override
    protected boolean isSwitchingToNonHttp1Protocol(HttpResponse message) {
        return false; // Whoever hears of the 101 decides, and nothing is decoded behind it.
    }
}
