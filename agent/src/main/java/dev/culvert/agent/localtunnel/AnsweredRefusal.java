package dev.culvert.agent.localtunnel;

import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * A visitor's stream on which the refusal of the target becomes an answer: 502, and why. The reference server lets a
 * visitor wait for ever whose socket is closed without one. Localtunnel carries nothing but HTTP, so nothing has to be
 * read for it.
 */
final class AnsweredRefusal implements TunnelStream {
    /** How long the server may take to read the answer and to close, in milliseconds. */
    private static final int LINGER_MILLIS = 2000;

    private final TunnelStream stream;

    AnsweredRefusal(TunnelStream stream) {
        this.stream = stream;
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (reason != CloseReason.TARGET_REFUSED) {
            stream.reset(reason, detail);
            return;
        }
        // Closed with bytes of the request unread, the connection would be reset and the answer lost.
        stream.listen(new Dropped());
        stream.write(Unpooled.copiedBuffer(answer(detail), StandardCharsets.UTF_8));
        stream.finish();
        stream.eventLoop().schedule(() -> stream.reset(reason, detail), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    private static String answer(String detail) {
        String body = "The tunnel is there, but %s.\n".formatted(detail);
        return """
                HTTP/1.1 502 Bad Gateway\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Length: %d\r
                Cache-Control: no-store\r
                Connection: close\r
                \r
                %s""".formatted(body.getBytes(StandardCharsets.UTF_8).length, body);
    }

    @Override
    public EventLoop eventLoop() {
        return stream.eventLoop();
    }

    @Override
    public void listen(Listener listener) {
        stream.listen(listener);
    }

    @Override
    public void write(ByteBuf bytes) {
        stream.write(bytes);
    }

    @Override
    public boolean isWritable() {
        return stream.isWritable();
    }

    @Override
    public void finish() {
        stream.finish();
    }

    @Override
    public void reset(StreamReset reset) {
        stream.reset(reset);
    }

    @Override
    public void consumed(int bytes) {
        stream.consumed(bytes);
    }

    @Override
    public void report(Exchange exchange) {
        stream.report(exchange);
    }

    /** The rest of a request that nobody takes. */
    private final class Dropped implements Listener {
        @Override
        public void onBytes(ByteBuf bytes) {
            int size = bytes.readableBytes();
            bytes.release();
            stream.consumed(size);
        }

        @Override
        public void onWritable() {}

        @Override
        public void onFinish() {}

        @Override
        public void onReset(StreamReset reset) {}
    }
}
