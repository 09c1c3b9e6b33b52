package dev.culvert.edge.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameReader;
import dev.culvert.wire.FrameWriter;
import dev.culvert.wire.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** An agent at the visitor port, WebSocket frame by WebSocket frame. */
public final class RawLane {
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    /** The key of RFC 6455's example, and what it is answered with. */
    public static final String ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private final RawVisitor connection;
    private final FrameReader reader = new FrameReader();
    private final Queue<Frame> arrived = new ArrayDeque<>();

    public RawLane(RawVisitor connection) {
        this.connection = connection;
    }

    /** The request of an agent. */
    public static String upgrade(String host) {
        return """
                GET /_culvert/lane HTTP/1.1\r
                Host: %s\r
                Connection: Upgrade\r
                Upgrade: websocket\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                Sec-WebSocket-Protocol: culvert-lane.v1\r
                \r
                """.formatted(host);
    }

    /** A HELLO as bytes. */
    public static byte[] hello() {
        Hello hello = new Hello(
                List.of(Hello.VERSION), "test", "instance", List.of(), null, "secret-of-22-characters", 65536, false);
        return bytes(new Frame.HelloFrame(hello));
    }

    private static byte[] bytes(Frame frame) {
        ByteBuf written = FrameWriter.write(frame, UnpooledByteBufAllocator.DEFAULT);
        byte[] bytes = new byte[written.readableBytes()];
        written.readBytes(bytes).release();
        return bytes;
    }

    /** A client's WebSocket frame, masked. */
    public static String frame(int opcode, boolean last, byte[] data) {
        byte[] mask = {1, 2, 3, 4};
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write((last ? 0x80 : 0) | opcode);
        if (data.length < 126) {
            frame.write(0x80 | data.length);
        } else if (data.length < 65536) {
            frame.write(0x80 | 126);
            frame.write(data.length >> 8);
            frame.write(data.length);
        } else {
            frame.write(0x80 | 127);
            frame.writeBytes(Unpooled.buffer(8).writeLong(data.length).array());
        }
        frame.writeBytes(mask);
        for (int i = 0; i < data.length; i++) {
            frame.write(data[i] ^ mask[i % 4]);
        }
        return frame.toString(ISO_8859_1);
    }

    public RawLane send(int opcode, boolean last, byte[] data) throws IOException {
        connection.send(frame(opcode, last, data));
        return this;
    }

    /** A server's WebSocket frame. */
    public record Message(int opcode, byte[] data) {}

    /** The next of them, which must not be masked. */
    public Message message() throws IOException {
        String head = connection.read(2);
        int length = head.charAt(1);
        if (length == 126) {
            String two = connection.read(2);
            length = two.charAt(0) << 8 | two.charAt(1);
        }
        return new Message(head.charAt(0) & 15, connection.read(length).getBytes(ISO_8859_1));
    }

    /** The next frame of the lane that is of this type. */
    public <F extends Frame> F await(Class<F> type) throws IOException {
        while (true) {
            while (!arrived.isEmpty()) {
                Frame frame = arrived.remove();
                if (type.isInstance(frame)) {
                    return type.cast(frame);
                }
            }
            Message message = message();
            if (message.opcode() != BINARY) {
                throw new AssertionError("expected a frame, got WebSocket's opcode " + message.opcode());
            }
            reader.read(Unpooled.wrappedBuffer(message.data()), arrived::add);
        }
    }
}
