package dev.culvert.edge.testkit;

import static dev.culvert.edge.testkit.RawHttp2Visitor.ACK;
import static dev.culvert.edge.testkit.RawHttp2Visitor.CONTINUATION;
import static dev.culvert.edge.testkit.RawHttp2Visitor.DATA;
import static dev.culvert.edge.testkit.RawHttp2Visitor.END_HEADERS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.END_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.GOAWAY;
import static dev.culvert.edge.testkit.RawHttp2Visitor.HEADERS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.PING;
import static dev.culvert.edge.testkit.RawHttp2Visitor.RST_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.SETTINGS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.WINDOW_UPDATE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.culvert.edge.testkit.RawHttp2Visitor.Frame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A target that speaks HTTP/2 frame by frame, as a test says, sound or not. It reads what the edge sends in order: each
 * {@code await…} skips what comes before, but for windows and answers to settings alone. For the test's thread.
 */
public final class PlayedHttp2Target {
    /** The largest frame, while nobody says more (RFC 9113, 4.2). */
    private static final int MOST_BYTES = 16_384;

    private final FakeTarget target;
    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false);
    private long granted;

    /**
     * The head of a request.
     *
     * @param whole whether it is the whole request
     */
    public record Request(int stream, Map<String, String> fields, boolean whole) {}

    private PlayedHttp2Target(FakeTarget target) {
        this.target = target;
    }

    /** Waits for what a client says first, and says these settings (a number and its value in turn). */
    public static PlayedHttp2Target on(FakeTarget target, int... settings) throws InterruptedException {
        PlayedHttp2Target played = new PlayedHttp2Target(target);
        if (!target.awaitBytes(RawHttp2Visitor.PREFACE.length()).equals(RawHttp2Visitor.PREFACE)) {
            throw new AssertionError("no preface");
        }
        ByteBuffer payload = ByteBuffer.allocate(settings.length * 3);
        for (int at = 0; at < settings.length; at += 2) {
            payload.putShort((short) settings[at]).putInt(settings[at + 1]);
        }
        return played.frame(SETTINGS, 0, 0, payload.array());
    }

    /** What carries it. */
    public FakeTarget stream() {
        return target;
    }

    /** Waits for the head of a request. */
    public Request awaitRequest() throws InterruptedException {
        Frame frame = await(HEADERS);
        return new Request(frame.stream(), fields(frame), frame.has(END_STREAM));
    }

    /** Waits for trailers, which end the request. */
    public Map<String, String> awaitTrailers() throws InterruptedException {
        return awaitRequest().fields();
    }

    /** Waits for a piece of a body. */
    public Frame awaitData() throws InterruptedException {
        return await(DATA);
    }

    /** Waits for the answer to a ping. */
    public Frame awaitPong() throws InterruptedException {
        return await(PING);
    }

    /** Waits until the edge has said that it asks no more. */
    public Frame awaitGoAway() throws InterruptedException {
        return await(GOAWAY);
    }

    /** Waits until the edge has granted so many bytes of bodies, to the stream and not to the connection. */
    public void awaitGranted(int bytes) throws InterruptedException {
        while (granted < bytes) {
            next();
        }
    }

    /** How many it has granted, as far as it was read. */
    public long granted() {
        return granted;
    }

    private Frame await(int type) throws InterruptedException {
        for (Frame frame = next(); ; frame = next()) {
            if (frame.type() == type) {
                return frame;
            } else if (frame.type() != WINDOW_UPDATE && frame.type() != SETTINGS) {
                throw new AssertionError("a frame of type %d before one of type %d".formatted(frame.type(), type));
            }
        }
    }

    private Frame next() throws InterruptedException {
        ByteBuffer head = ByteBuffer.wrap(target.awaitBytes(9).getBytes(ISO_8859_1));
        int start = head.getInt();
        int flags = head.get() & 0xFF;
        int stream = head.getInt();
        Frame frame = new Frame(
                start & 0xFF, flags, stream, target.awaitBytes(start >>> 8).getBytes(ISO_8859_1));
        if (frame.type() == SETTINGS && !frame.has(ACK)) {
            frame(SETTINGS, ACK, 0, new byte[0]);
        } else if (frame.type() == WINDOW_UPDATE && frame.stream() != 0) {
            granted += ByteBuffer.wrap(frame.payload()).getInt();
        }
        return frame;
    }

    private Map<String, String> fields(Frame frame) {
        Map<String, String> fields = new LinkedHashMap<>();
        ByteBuf block = Unpooled.wrappedBuffer(frame.payload());
        try {
            hpack.decodeHeaders(frame.stream(), block)
                    .forEach(field -> fields.merge(
                            field.getKey().toString(),
                            field.getValue().toString(),
                            (one, other) -> one + "\n" + other));
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
        return fields;
    }

    // What is sent.

    /** A head that is not the whole answer, or an interim one. */
    public PlayedHttp2Target head(int stream, String... fields) {
        return headers(0, stream, fields);
    }

    /** A head that is the whole answer, or trailers. */
    public PlayedHttp2Target lastHead(int stream, String... fields) {
        return headers(END_STREAM, stream, fields);
    }

    private PlayedHttp2Target headers(int flags, int stream, String... fields) {
        byte[] block = RawHttp2Visitor.block(fields);
        int type = HEADERS;
        for (int at = 0; at < block.length; at += MOST_BYTES) {
            int end = Math.min(block.length, at + MOST_BYTES);
            int ended = end == block.length ? END_HEADERS : 0;
            frame(type, (type == HEADERS ? flags : 0) | ended, stream, Arrays.copyOfRange(block, at, end));
            type = CONTINUATION;
        }
        return this;
    }

    public PlayedHttp2Target data(int stream, String bytes, boolean last) {
        return frame(DATA, last ? END_STREAM : 0, stream, bytes.getBytes(ISO_8859_1));
    }

    public PlayedHttp2Target reset(int stream, int code) {
        return frame(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(code).array());
    }

    public PlayedHttp2Target grant(int stream, int bytes) {
        return frame(
                WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    public PlayedHttp2Target ping() {
        return frame(PING, 0, 0, new byte[8]);
    }

    /** A ping that comes before the word that the stream takes more again. */
    public PlayedHttp2Target pingBeforeRoom() {
        target.takesMoreBehind(Unpooled.wrappedBuffer(RawHttp2Visitor.bytes(PING, 0, 0, new byte[8])));
        return this;
    }

    /** It serves what was asked up to this stream, and nothing later. */
    public PlayedHttp2Target goAway(int lastServed) {
        return frame(
                GOAWAY,
                0,
                0,
                ByteBuffer.allocate(8).putInt(lastServed).putInt(0).array());
    }

    public PlayedHttp2Target frame(int type, int flags, int stream, byte[] payload) {
        target.send(Unpooled.wrappedBuffer(RawHttp2Visitor.bytes(type, flags, stream, payload)));
        return this;
    }
}
