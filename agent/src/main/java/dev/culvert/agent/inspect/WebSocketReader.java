package dev.culvert.agent.inspect;

import dev.culvert.agent.inspect.WebSocketMessage.Kind;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads one direction of a WebSocket (RFC 6455, 5.2) and tells of each message at its end. Netty's decoder keeps a frame until it
 * is whole, however long it is, and ends the connection of one that it does not like; this one keeps the beginning, and looks on.
 *
 * <p>Runs on the event loop of the stream.
 */
final class WebSocketReader implements AutoCloseable {
    /** Bytes that are kept of a message: more than people read. */
    static final int MOST_KEPT = 16 * 1024;

    /** The longest head of a frame: two bytes, a length of eight and a mask of four. */
    private static final int LONGEST_HEAD = 14;

    /** RFC 6455, 5.5. */
    private static final int LONGEST_CONTROL = 125;

    private static final byte[] NOTHING = {};

    private final boolean fromVisitor;
    private final @Nullable Unpacker unpacker;
    private final Listener listener;
    private final byte[] head = new byte[LONGEST_HEAD];
    private int headLength;
    private boolean unreadable;

    // The frame whose payload is being read.
    private boolean inPayload;
    private boolean last;
    private final byte[] mask = new byte[4];
    private boolean masked;
    private long payloadLength;
    private long payloadRead;

    // Of what is being read.
    private final Deque<WebSocketMessage> latest = new ArrayDeque<>();
    private long passed;

    private @Nullable Begun data;
    /** It may come between two frames of a message, and is one of its own. */
    private @Nullable Begun control;

    /** Hears what came. */
    interface Listener {
        /**
         * Messages ended; told together of what was read together, because they may be many and small.
         *
         * @param latest the last of them, as many as are kept
         * @param passed how many there were
         */
        void onMessages(List<WebSocketMessage> latest, long passed);

        /** What comes from here on cannot be read, and nothing more will be told. */
        void onUnreadable();
    }

    /** What is done with the bytes of a message. */
    private enum Content {
        /** Its beginning is kept as it comes. */
        AS_IT_COMES,
        /** The same, and it is compressed. */
        PACKED,
        /** What was compressed is unpacked. */
        UNPACKED,
        /** It could not be unpacked to its end; the rest is counted. */
        LOST
    }

    /** A message whose end has not come. */
    private static final class Begun {
        private final Kind kind;
        private final Body body = new Body();
        private Content content;

        Begun(Kind kind, Content content) {
            this.kind = kind;
            this.content = content;
        }
    }

    /**
     * Reads from the first byte after the upgrade on.
     *
     * @param unpacker for compressed messages, and closed with the reader; null where none is compressed, or none can be unpacked
     */
    WebSocketReader(boolean fromVisitor, @Nullable Unpacker unpacker, Listener listener) {
        this.fromVisitor = fromVisitor;
        this.unpacker = unpacker;
        this.listener = listener;
    }

    /** Looks at the bytes, which stay the caller's, and unread. */
    void read(ByteBuf bytes) {
        int at = bytes.readerIndex();
        while (at < bytes.writerIndex() && !unreadable) {
            if (inPayload) {
                int size = (int) Math.min(payloadLength - payloadRead, bytes.writerIndex() - at);
                take(bytes, at, size);
                at += size;
                payloadRead += size;
            } else {
                head[headLength++] = bytes.getByte(at++);
                if (headLength >= 2 && headLength == lengthOfHead()) {
                    begin();
                }
            }
            if (inPayload && payloadRead == payloadLength) {
                endFrame();
            }
        }
        if (passed > 0) {
            listener.onMessages(List.copyOf(latest), passed);
            latest.clear();
            passed = 0;
        }
    }

    private int lengthOfHead() {
        return 2 + bytesOfLength() + ((head[1] & 0x80) == 0 ? 0 : mask.length);
    }

    private int bytesOfLength() {
        int length = head[1] & 0x7f;
        return length < 126 ? 0 : length == 126 ? 2 : 8;
    }

    private void begin() {
        payloadLength = head[1] & 0x7f;
        if (bytesOfLength() > 0) {
            payloadLength = 0;
            for (int i = 0; i < bytesOfLength(); i++) {
                payloadLength = payloadLength << 8 | (head[2 + i] & 0xff);
            }
        }
        masked = (head[1] & 0x80) != 0;
        System.arraycopy(head, 2 + bytesOfLength(), mask, 0, masked ? mask.length : 0);
        payloadRead = 0;
        headLength = 0;
        last = (head[0] & 0x80) != 0;
        boolean compressed = (head[0] & 0x40) != 0;
        boolean ofOtherExtensions = (head[0] & 0x30) != 0;
        boolean makesSense =
                switch (head[0] & 0xf) {
                    case 0 -> data != null && !compressed;
                    case 1 -> begin(Kind.TEXT, compressed);
                    case 2 -> begin(Kind.BINARY, compressed);
                    case 8 -> beginControl(Kind.CLOSE, compressed);
                    case 9 -> beginControl(Kind.PING, compressed);
                    case 10 -> beginControl(Kind.PONG, compressed);
                    default -> false;
                };
        inPayload = makesSense && !ofOtherExtensions && payloadLength >= 0;
        if (!inPayload) {
            unreadable = true;
            close();
            listener.onUnreadable();
        }
    }

    /** False where the last message has not ended. */
    private boolean begin(Kind kind, boolean compressed) {
        boolean begins = data == null;
        boolean unpacks = compressed && unpacker != null && unpacker.isOpen();
        data = new Begun(kind, unpacks ? Content.UNPACKED : compressed ? Content.PACKED : Content.AS_IT_COMES);
        return begins;
    }

    private boolean beginControl(Kind kind, boolean compressed) {
        control = new Begun(kind, Content.AS_IT_COMES);
        return last && !compressed && payloadLength <= LONGEST_CONTROL;
    }

    private Begun current() {
        Begun current = control == null ? data : control;
        if (current == null) {
            throw new IllegalStateException("a payload of nothing");
        }
        return current;
    }

    private void take(ByteBuf bytes, int at, int size) {
        Begun current = current();
        switch (current.content) {
            case AS_IT_COMES, PACKED -> {
                int kept = Math.min(size, MOST_KEPT - current.body.kept());
                current.body.add(plain(bytes, at, kept), size);
            }
            case UNPACKED -> unpack(current, plain(bytes, at, size));
            case LOST -> current.body.add(NOTHING, size);
        }
    }

    private void unpack(Begun current, byte[] packed) {
        if (unpacker != null && !unpacker.unpack(packed, current.body, MOST_KEPT)) {
            current.content = Content.LOST;
            current.body.add(NOTHING, packed.length);
        }
    }

    private byte[] plain(ByteBuf bytes, int at, int size) {
        byte[] plain = new byte[size];
        bytes.getBytes(at, plain);
        for (int i = 0; masked && i < size; i++) {
            plain[i] ^= mask[(int) ((payloadRead + i) & 3)];
        }
        return plain;
    }

    private void endFrame() {
        inPayload = false;
        if (!last) {
            return;
        }
        Begun ended = current();
        if (control == null) {
            data = null;
        } else {
            control = null;
        }
        if (ended.content == Content.UNPACKED && unpacker != null) {
            unpacker.end(ended.body, MOST_KEPT);
        }
        passed++;
        if (latest.size() == Messages.MOST) {
            latest.remove();
        }
        latest.add(new WebSocketMessage(
                fromVisitor, ended.kind, System.currentTimeMillis(), ended.content == Content.PACKED, ended.body));
    }

    @Override
    public void close() {
        if (unpacker != null) {
            unpacker.close();
        }
    }
}
