package dev.culvert.agent.inspect;

import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/** A stream that lets everything through as it comes, and shows it to a conversation on its way. */
final class TappedStream implements TunnelStream {
    /**
     * How long the rest of a request is waited for whose target is down, in milliseconds. It follows the stream's beginning at
     * once, unless its body is long; the visitor has to wait as long for the answer.
     */
    private static final long REQUEST_MILLIS = 250;

    private final TunnelStream stream;
    private final HttpConversation conversation;
    private boolean heard;
    private boolean visitorFinished;
    private boolean targetFinished;

    TappedStream(TunnelStream stream, HttpConversation conversation) {
        this.stream = stream;
        this.conversation = conversation;
    }

    @Override
    public EventLoop eventLoop() {
        return stream.eventLoop();
    }

    @Override
    public void listen(Listener listener) {
        heard = true;
        stream.listen(new Tapped(listener));
    }

    @Override
    public void write(ByteBuf bytes) {
        conversation.fromTarget(bytes);
        stream.write(bytes);
    }

    @Override
    public boolean isWritable() {
        return stream.isWritable();
    }

    @Override
    public void finish() {
        targetFinished = true;
        conversation.targetFinished();
        endIfBothFinished();
        stream.finish();
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (heard) {
            conversation.end(detail);
            stream.reset(reason, detail);
        } else {
            new Refusal(reason, detail).begin();
        }
    }

    @Override
    public void reset(StreamReset reset) {
        conversation.end(reset.detail());
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

    private void endIfBothFinished() {
        if (visitorFinished && targetFinished) {
            conversation.end("");
        }
    }

    /** What the visitor's side says. */
    private final class Tapped implements Listener {
        private final Listener listener;

        Tapped(Listener listener) {
            this.listener = listener;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            conversation.fromVisitor(bytes);
            listener.onBytes(bytes);
        }

        @Override
        public void onWritable() {
            listener.onWritable();
        }

        @Override
        public void onReport(Exchange exchange) {
            listener.onReport(exchange);
        }

        @Override
        public void onFinish() {
            visitorFinished = true;
            endIfBothFinished();
            listener.onFinish();
        }

        @Override
        public void onReset(StreamReset reset) {
            conversation.end(sentence(reset));
            listener.onReset(reset);
        }
    }

    private static String sentence(StreamReset reset) {
        if (!reset.detail().isEmpty()) {
            return reset.detail();
        }
        return reset.reason() == CloseReason.CANCELLED
                ? "the visitor left"
                : "the stream ended early (%s)".formatted(reset.reason().label());
    }

    /**
     * The end of a stream whose target was not reached. Its request is worth seeing, and may be on its way still: it is waited
     * for a moment. Not consumed, it stays undelivered.
     */
    private final class Refusal implements Listener {
        private final CloseReason reason;
        private final String detail;
        private boolean over;

        Refusal(CloseReason reason, String detail) {
            this.reason = reason;
            this.detail = detail;
        }

        void begin() {
            stream.listen(this);
            if (!over) {
                stream.eventLoop().schedule(this::refuse, REQUEST_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        private void refuse() {
            if (!over) {
                over = true;
                conversation.end(detail);
                stream.reset(reason, detail);
            }
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            conversation.fromVisitor(bytes);
            bytes.release();
            if (conversation.isRequestWhole()) {
                refuse();
            }
        }

        @Override
        public void onWritable() {}

        @Override
        public void onFinish() {
            refuse();
        }

        @Override
        public void onReset(StreamReset reset) {
            over = true;
            conversation.end(detail);
        }
    }
}
