package dev.culvert.edge.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A visitor that speaks HTTP/2 frame by frame, and sends exactly the frames and fields that a test wants, sound or not.
 * Grants windows for what it reads unless told otherwise. For the test's thread.
 */
public final class RawHttp2Visitor implements AutoCloseable {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PUSH_PROMISE = 5;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int CONTINUATION = 9;

    /** Settings. */
    public static final int HEADER_TABLE_SIZE = 1;

    public static final int MAX_CONCURRENT_STREAMS = 3;

    public static final int INITIAL_WINDOW_SIZE = 4;

    public static final int END_STREAM = 1;
    public static final int ACK = 1;
    public static final int END_HEADERS = 4;

    private static final int WAIT_MILLIS = 5_000;
    /** What a client says first (RFC 9113, 3.4). */
    static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private final Socket socket;
    private final DataInputStream in;
    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false);
    private final Map<Integer, Reading> streams = new HashMap<>();
    private final Map<Integer, Long> granted = new HashMap<>();
    private boolean grants = true;
    private int nextStream = 1;
    private int goAwayCode = -1;
    private int lastStreamServed = -1;
    private int pongs;
    private Map<String, String> lastFields = Map.of();
    private byte[] lastBlock = {};
    private boolean lastHeadEnded;

    /** A frame. */
    public record Frame(int type, int flags, int stream, byte[] payload) {
        public boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    /**
     * What came on a stream.
     *
     * @param interim the statuses of interim answers
     * @param reset the code of its RST_STREAM, −1 when it ended as it should
     */
    public record Answer(
            List<Integer> interim, Map<String, String> fields, String body, Map<String, String> trailers, int reset) {
        public int status() {
            return Integer.parseInt(fields.get(":status"));
        }

        public String field(String name) {
            return fields.get(name);
        }
    }

    private static final class Reading {
        final List<Integer> interim = new ArrayList<>();
        Map<String, String> fields = Map.of();
        Map<String, String> trailers = Map.of();
        final StringBuilder body = new StringBuilder();
        int reset = -1;
        boolean ended;
    }

    /** Connects, and says the preface and these settings (a number and its value in turn). */
    public RawHttp2Visitor(int port, int... settings) throws IOException {
        this(new Socket("127.0.0.1", port), settings);
    }

    /** The same on a connection that stands. */
    public RawHttp2Visitor(Socket connected, int... settings) throws IOException {
        socket = connected;
        socket.setSoTimeout(WAIT_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        socket.getOutputStream().write(PREFACE.getBytes(ISO_8859_1));
        ByteBuffer payload = ByteBuffer.allocate(settings.length * 3);
        for (int at = 0; at < settings.length; at += 2) {
            payload.putShort((short) settings[at]).putInt(settings[at + 1]);
            if (settings[at] == HEADER_TABLE_SIZE) {
                acceptFieldTable(settings[at + 1]);
            }
        }
        frame(SETTINGS, 0, 0, payload.array());
    }

    /** The fields of a sound GET. */
    public static String[] get(String authority, String path) {
        return new String[] {":method: GET", ":scheme: http", ":authority: " + authority, ":path: " + path};
    }

    /** The fields of a sound POST, and more. */
    public static String[] post(String authority, String path, String... more) {
        List<String> fields = new ArrayList<>(
                List.of(":method: POST", ":scheme: http", ":authority: " + authority, ":path: " + path));
        fields.addAll(List.of(more));
        return fields.toArray(String[]::new);
    }

    /** From now on windows are granted only by {@link #grant}. */
    public void grantNothing() {
        grants = false;
    }

    // What is sent.

    /** A request without a body, on the next stream. */
    public int request(String... fields) throws IOException {
        return headers(END_HEADERS | END_STREAM, fields);
    }

    /** A request whose body follows. */
    public int open(String... fields) throws IOException {
        return headers(END_HEADERS, fields);
    }

    public void data(int stream, String bytes, boolean last) throws IOException {
        frame(DATA, last ? END_STREAM : 0, stream, bytes.getBytes(ISO_8859_1));
    }

    public void trailers(int stream, String... fields) throws IOException {
        frame(HEADERS, END_HEADERS | END_STREAM, stream, block(fields));
    }

    public void reset(int stream) throws IOException {
        frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
    }

    public void grant(int stream, int bytes) throws IOException {
        frame(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    public void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        socket.getOutputStream().write(bytes(type, flags, stream, payload));
    }

    /** A frame as it goes on the wire. */
    static byte[] bytes(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .putInt(payload.length << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    /** Any bytes. */
    public void raw(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** A header block, each field literally: capitals, doubles and the wrong order stay as they are. */
    public static byte[] block(String... fields) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (String field : fields) {
            int colon = field.startsWith(": ") ? 0 : field.indexOf(": ", 1);
            block.write(0);
            literal(block, field.substring(0, colon));
            literal(block, field.substring(colon + 2));
        }
        return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream block, String text) {
        int length = text.length();
        if (length < 127) {
            block.write(length);
        } else {
            block.write(127);
            for (length -= 127; length >= 128; length >>= 7) {
                block.write(length & 0x7F | 0x80);
            }
            block.write(length);
        }
        block.writeBytes(text.getBytes(ISO_8859_1));
    }

    private int headers(int flags, String... fields) throws IOException {
        int stream = nextStream;
        nextStream += 2;
        byte[] block = block(fields);
        int first = Math.min(block.length, 16_384);
        boolean whole = first == block.length;
        frame(HEADERS, whole ? flags : flags & ~END_HEADERS, stream, java.util.Arrays.copyOf(block, first));
        for (int at = first; at < block.length; at += 16_384) {
            int end = Math.min(block.length, at + 16_384);
            frame(
                    CONTINUATION,
                    end == block.length ? END_HEADERS : 0,
                    stream,
                    java.util.Arrays.copyOfRange(block, at, end));
        }
        return stream;
    }

    private void acceptFieldTable(int bytes) throws IOException {
        try {
            hpack.maxHeaderTableSize(bytes);
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
    }

    // What comes.

    /** Reads until the stream has ended, and gives all that came on it. */
    public Answer await(int stream) throws IOException {
        Reading reading = reading(stream);
        while (!reading.ended) {
            read();
        }
        return new Answer(
                List.copyOf(reading.interim), reading.fields, reading.body.toString(), reading.trailers, reading.reset);
    }

    /** Reads until the stream's body holds so many bytes, or more. */
    public String awaitBody(int stream, int bytes) throws IOException {
        Reading reading = reading(stream);
        while (reading.body.length() < bytes) {
            if (reading.ended) {
                throw new AssertionError("ended after " + reading.body.length());
            }
            read();
        }
        return reading.body.toString();
    }

    /** Reads until an interim answer has come. */
    public int awaitInterim(int stream) throws IOException {
        Reading reading = reading(stream);
        while (reading.interim.isEmpty()) {
            read();
        }
        return reading.interim.get(0);
    }

    /** Reads until all that was sent so far has been seen by the other side: it answers a ping. */
    public void sync() throws IOException {
        int before = pongs;
        frame(PING, 0, 0, new byte[8]);
        while (pongs == before) {
            read();
        }
    }

    /** Reads until the connection is closed, and tells the code of the last GOAWAY; −1 when there was none. */
    public int awaitEnd() throws IOException {
        try {
            while (true) {
                read();
            }
        } catch (EOFException end) {
            return goAwayCode;
        }
    }

    /** Reads until a GOAWAY, and tells the last stream that is served. */
    public int awaitGoAway() throws IOException {
        int before = lastStreamServed;
        while (lastStreamServed == before) {
            read();
        }
        return lastStreamServed;
    }

    /** How many bytes the other side has granted on a stream so far, beyond the first window; 0 is the connection. */
    public long granted(int stream) {
        return granted.getOrDefault(stream, 0L);
    }

    /** How many bytes have come on a stream. */
    public int received(int stream) {
        return reading(stream).body.length();
    }

    /** The fields of the head or trailers that came last. */
    public Map<String, String> lastFields() {
        return lastFields;
    }

    /** Whether the stream ended with the head that came last. */
    public boolean lastHeadEndedItsStream() {
        return lastHeadEnded;
    }

    /** The header block that came last, as it came. */
    public byte[] lastBlock() {
        return lastBlock;
    }

    private Reading reading(int stream) {
        return streams.computeIfAbsent(stream, unseen -> new Reading());
    }

    private void read() throws IOException {
        int start = in.readInt();
        Frame frame = new Frame(start & 0xFF, in.readUnsignedByte(), in.readInt(), new byte[start >>> 8]);
        in.readFully(frame.payload());
        Reading reading = reading(frame.stream());
        if (reading.reset >= 0 && frame.type() <= HEADERS) {
            throw new AssertionError("%s behind the reset of its stream".formatted(frame));
        }
        switch (frame.type()) {
            case DATA -> {
                reading.body.append(new String(frame.payload(), ISO_8859_1));
                if (grants && frame.payload().length > 0) {
                    grant(0, frame.payload().length);
                    if (!frame.has(END_STREAM)) {
                        grant(frame.stream(), frame.payload().length);
                    }
                }
            }
            case HEADERS -> head(frame, reading);
            case RST_STREAM -> {
                reading.reset = ByteBuffer.wrap(frame.payload()).getInt();
                reading.ended = true;
            }
            case SETTINGS -> {
                if (!frame.has(ACK)) {
                    frame(SETTINGS, ACK, 0, new byte[0]);
                }
            }
            case PING -> pongs += frame.has(ACK) ? 1 : 0;
            case GOAWAY -> {
                ByteBuffer payload = ByteBuffer.wrap(frame.payload());
                lastStreamServed = payload.getInt();
                goAwayCode = payload.getInt();
            }
            case WINDOW_UPDATE ->
                granted.merge(
                        frame.stream(), (long) ByteBuffer.wrap(frame.payload()).getInt(), Long::sum);
            default -> throw new AssertionError("a frame of type " + frame.type());
        }
        if (frame.type() <= HEADERS && frame.has(END_STREAM)) {
            reading.ended = true;
        }
    }

    private void head(Frame frame, Reading reading) throws IOException {
        if (!frame.has(END_HEADERS)) {
            throw new AssertionError("a head in several frames");
        }
        lastBlock = frame.payload();
        lastHeadEnded = frame.has(END_STREAM);
        Map<String, String> fields = new LinkedHashMap<>();
        ByteBuf block = Unpooled.wrappedBuffer(frame.payload());
        try {
            Http2Headers decoded = hpack.decodeHeaders(frame.stream(), block);
            decoded.forEach(field -> fields.merge(
                    field.getKey().toString(), field.getValue().toString(), (one, other) -> one + "\n" + other));
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
        lastFields = fields;
        String status = fields.get(":status");
        if (status == null) {
            reading.trailers = fields;
        } else if (status.startsWith("1")) {
            reading.interim.add(Integer.parseInt(status));
        } else {
            reading.fields = fields;
        }
    }

    /** Leaves with a FIN. */
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
