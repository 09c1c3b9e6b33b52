package dev.culvert.edge.e2e;

import java.io.IOException;

/** RFC 6455 as a visitor speaks it, as far as the tests need it. */
final class WebSocket {
    /** What {@code Sec-WebSocket-Accept} has for {@link #upgrade}: the RFC's own example. */
    static final String ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private WebSocket() {}

    /** The request that asks for it, to {@code target.py}. */
    static String upgrade(String host) {
        return ("GET /echo HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .formatted(host);
    }

    /** A client's WebSocket frame: whole, masked. */
    static byte[] frame(int opcode, byte[] data) {
        byte[] mask = {1, 2, 3, 4};
        int extra = data.length < 126 ? 0 : 2;
        byte[] frame = new byte[2 + extra + 4 + data.length];
        frame[0] = (byte) (0x80 | opcode);
        frame[1] = (byte) (0x80 | (extra == 0 ? data.length : 126));
        if (extra > 0) {
            frame[2] = (byte) (data.length >> 8);
            frame[3] = (byte) data.length;
        }
        System.arraycopy(mask, 0, frame, 2 + extra, 4);
        for (int i = 0; i < data.length; i++) {
            frame[6 + extra + i] = (byte) (data[i] ^ mask[i % 4]);
        }
        return frame;
    }

    /** The payload of a server's WebSocket frame. */
    static byte[] message(Visitor visitor) throws IOException {
        byte[] head = visitor.bytes(2);
        int length = head[1] & 127;
        if (length == 126) {
            byte[] two = visitor.bytes(2);
            length = (two[0] & 255) << 8 | two[1] & 255;
        }
        return visitor.bytes(length);
    }
}
