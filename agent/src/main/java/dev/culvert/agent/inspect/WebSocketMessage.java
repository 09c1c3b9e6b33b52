package dev.culvert.agent.inspect;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A message of a WebSocket (RFC 6455), whole.
 *
 * @param fromVisitor whether the visitor sent it; else the target
 * @param atMillis when its end passed, in milliseconds since 1970
 * @param packed whether it is kept as it came, compressed (RFC 7692), because it could not be unpacked
 * @param body what it says, or the beginning of that
 */
record WebSocketMessage(boolean fromVisitor, Kind kind, long atMillis, boolean packed, Body body) {
    /** What it takes beside its body, in bytes: the objects that it consists of. */
    private static final int BYTES_BESIDE = 128;

    /** RFC 6455, 7.4.1: a close without a status. */
    private static final int NO_STATUS = 1005;

    /** What it is, by its opcode. */
    enum Kind {
        TEXT(1),
        BINARY(2),
        CLOSE(8),
        PING(9),
        PONG(10);

        private final int opcode;

        Kind(int opcode) {
            this.opcode = opcode;
        }

        int opcode() {
            return opcode;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** About how many bytes it holds. */
    int size() {
        return BYTES_BESIDE + body.kept();
    }

    /** Why the sender closes, of a {@link Kind#CLOSE}. */
    int closeStatus() {
        byte[] bytes = body.bytes();
        return bytes.length < 2 ? NO_STATUS : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    }

    /** The same in words; often empty. */
    String closeReason() {
        byte[] bytes = body.bytes();
        return new String(bytes, Math.min(2, bytes.length), Math.max(0, bytes.length - 2), StandardCharsets.UTF_8);
    }
}
