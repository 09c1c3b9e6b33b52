package dev.culvert.agent.inspect;

import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the two directions of a stream as HTTP/1.1 and records the exchanges on it, one after the other: an edge sends the
 * next request once the last response is over. What cannot be read is let through all the same, and recorded up to there.
 *
 * <p>Runs on the event loop of the stream; recordings are told on theirs.
 */
final class HttpConversation {
    private static final Logger LOGGER = LoggerFactory.getLogger(HttpConversation.class);

    /** More than the edge lets pass of a request's head, and as much of a response's. */
    private static final int MOST_HEAD_BYTES = 256 * 1024;

    /** What came is shown as it came, whatever characters its fields have. */
    private static final HttpDecoderConfig AS_IT_COMES = new HttpDecoderConfig()
            .setMaxInitialLineLength(MOST_HEAD_BYTES)
            .setMaxHeaderSize(MOST_HEAD_BYTES)
            .setValidateHeaders(false);

    private static final byte[] NOTHING = {};

    private final Recordings recordings;
    private final StreamRequest stream;
    private final String target;
    private final @Nullable ReplayStream replay;
    private final EmbeddedChannel requests = new EmbeddedChannel(new HttpRequestDecoder(AS_IT_COMES));
    private final EmbeddedChannel responses = new EmbeddedChannel(new Responses());
    /** Set when something has come of a request whose head is not whole yet; the first one may have waited for its target. */
    private @Nullable Long begunNanos = System.nanoTime();

    private @Nullable Recording current;
    private HttpMethod method = HttpMethod.GET;
    private final BodyShare requestBody = new BodyShare();
    private final BodyShare responseBody = new BodyShare();
    /** All of the last request has come. */
    private boolean requestWhole;

    /** Of the response that is being read: it is one before the actual one. */
    private boolean interim;

    /** The actual response of the last request has begun. */
    private boolean answering;

    /** And is over. */
    private boolean answered;

    private boolean upgraded;
    /** What the connection was upgraded to, where it is one. */
    private @Nullable WebSocketConversation webSocket;

    private boolean over;

    /**
     * A conversation on a new stream.
     *
     * @param target what it is called
     * @param replay the stream, where it is one of ours; told about its exchange
     */
    HttpConversation(Recordings recordings, StreamRequest stream, String target, @Nullable ReplayStream replay) {
        this.recordings = recordings;
        this.stream = stream;
        this.target = target;
        this.replay = replay;
    }

    /** Looks at what the visitor sends; the bytes stay the caller's, and unread. */
    void fromVisitor(ByteBuf bytes) {
        if (over) {
            return;
        }
        if (upgraded) {
            pass(requestBody, bytes, Recording::requestBytes);
            WebSocketConversation messages = webSocket;
            if (messages != null) {
                look(() -> messages.fromVisitor(bytes));
            }
            return;
        }
        if (begunNanos == null) {
            begunNanos = System.nanoTime();
        }
        read(requests, bytes, this::ofRequest);
    }

    /** Whether all of the last request has come. */
    boolean isRequestWhole() {
        return requestWhole;
    }

    /** Looks at what the target sends; the bytes stay the caller's, and unread. */
    void fromTarget(ByteBuf bytes) {
        if (!over) {
            read(responses, bytes, this::ofResponse);
        }
    }

    /** The target has sent all it will. */
    void targetFinished() {
        if (over || upgraded) {
            return;
        }
        responses.finish(); // A body may go to the end of the connection.
        drain(responses, this::ofResponse);
        if (!answered) {
            stop(interrupted());
        }
    }

    /**
     * The stream is over.
     *
     * @param why in words, for the exchange that was under way; empty when both sides had finished
     */
    void end(String why) {
        if (!over) {
            stop(why.isEmpty() && !upgraded ? interrupted() : why);
        }
    }

    private String interrupted() {
        return answering
                ? "the target ended the connection before its answer was complete"
                : "the target ended the connection without an answer";
    }

    private void read(EmbeddedChannel decoder, ByteBuf bytes, Consumer<Object> reader) {
        look(() -> {
            if (decoder.isOpen() && bytes.isReadable()) {
                // A slice has no room. Of a duplicate the decoder would take itself for the owner: append what comes
                // next, and move what is left to the front of memory that may still wait for its way out.
                decoder.writeInbound(bytes.retainedSlice());
            }
            drain(decoder, reader);
        });
    }

    private void look(Runnable at) {
        try {
            at.run();
        } catch (DecoderException e) {
            LOGGER.atDebug().addKeyValue("tunnel", stream.tunnel()).setCause(e).log("stream is not HTTP; not recorded");
            stop("what came cannot be read as HTTP");
        } catch (RuntimeException e) { // Whoever looks on must not stop the traffic.
            LOGGER.atError().addKeyValue("tunnel", stream.tunnel()).setCause(e).log("stream cannot be recorded");
            stop("what came cannot be recorded");
        }
    }

    private void drain(EmbeddedChannel decoder, Consumer<Object> reader) {
        for (Object message = decoder.readInbound(); message != null; message = decoder.readInbound()) {
            try {
                if (!over) {
                    reader.accept(message);
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }
    }

    private void ofRequest(Object message) {
        if (isUnreadable(message)) {
            stop("the request cannot be read as HTTP");
            return;
        }
        if (message instanceof HttpRequest request) {
            begin(request);
        }
        if (message instanceof HttpContent content) {
            pass(requestBody, content.content(), Recording::requestBytes);
        }
        if (message instanceof LastHttpContent last) {
            requestWhole = true;
            Fields trailers = Fields.of(last.trailingHeaders());
            tell(recording -> recording.requested(trailers));
        }
    }

    private void begin(HttpRequest request) {
        long nanos = begunNanos == null ? System.nanoTime() : begunNanos;
        begunNanos = null;
        method = request.method();
        requestBody.reset();
        responseBody.reset();
        requestWhole = false;
        answering = false;
        answered = false;
        Long replayOf = replay == null ? null : replay.original();
        Recording recording = recordings.begin(stream, target, replayOf, RequestHead.of(request), nanos);
        current = recording;
        tell(recordings::add);
        if (replay != null) {
            replay.begun(recording);
        }
    }

    private void ofResponse(Object message) {
        if (message instanceof ByteBuf bytes) {
            pass(responseBody, bytes, Recording::responseBytes); // After the protocol was changed.
            if (webSocket != null) {
                webSocket.fromTarget(bytes);
            }
            return;
        }
        if (isUnreadable(message) || current == null) {
            stop("the answer cannot be read as HTTP");
            return;
        }
        if (message instanceof HttpResponse response) {
            HttpResponseStatus status = response.status();
            upgraded = status.equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
            interim = status.codeClass() == HttpStatusClass.INFORMATIONAL && !upgraded;
            if (!interim) {
                answering = true;
                ResponseHead head = ResponseHead.of(response);
                boolean other = upgraded;
                long now = System.nanoTime();
                tell(recording -> recording.responded(head, other, now));
                if (WebSocketConversation.begins(head)) {
                    webSocket = new WebSocketConversation(head, recordings.unpackBudget(), this::tell);
                }
            }
        }
        if (message instanceof HttpContent content) {
            pass(responseBody, content.content(), Recording::responseBytes);
        }
        if (message instanceof LastHttpContent last && !interim && !upgraded) {
            answered = true;
            Fields trailers = Fields.of(last.trailingHeaders());
            long now = System.nanoTime();
            tell(recording -> recording.answered(trailers, now));
            if (replay != null) {
                replay.answered();
            }
        }
    }

    private static boolean isUnreadable(Object message) {
        return message instanceof HttpObject object && object.decoderResult().isFailure();
    }

    /** What a recording hears of bytes: those that it may keep, and how many passed. */
    private interface Passed {
        void tell(Recording recording, byte[] kept, int passed);
    }

    private void pass(BodyShare share, ByteBuf bytes, Passed passed) {
        int size = bytes.readableBytes();
        if (size > 0) {
            byte[] kept = upgraded ? NOTHING : share.take(bytes);
            tell(recording -> passed.tell(recording, kept, size));
        }
    }

    private void tell(Consumer<Recording> what) {
        Recording recording = current;
        if (recording != null) {
            recordings.execute(() -> what.accept(recording));
        }
    }

    private void stop(String why) {
        over = true;
        if (!answered) {
            long now = System.nanoTime();
            tell(recording -> recording.over(why, now));
            if (replay != null) {
                replay.lost(why);
            }
        }
        requests.finishAndReleaseAll();
        responses.finishAndReleaseAll();
        if (webSocket != null) {
            webSocket.close();
        }
    }

    /** Responses, of which those to HEAD have no body. */
    private final class Responses extends HttpResponseDecoder {
        Responses() {
            super(AS_IT_COMES);
        }

        @Override
        protected boolean isContentAlwaysEmpty(HttpMessage message) {
            boolean upgrades = message instanceof HttpResponse response
                    && response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
            // Netty expects a body of an answer that lacks what WebSockets have had since 2011.
            return HttpMethod.HEAD.equals(method) || upgrades || super.isContentAlwaysEmpty(message);
        }
    }
}
