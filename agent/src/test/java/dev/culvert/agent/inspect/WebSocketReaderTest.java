package dev.culvert.agent.inspect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.inspect.WebSocketMessage.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read was written by Netty's encoder and the JDK's compressor. */
class WebSocketReaderTest {
    private static final int RSV1 = 4;

    private final List<WebSocketMessage> told = new ArrayList<>();
    private final UnpackBudget budget = new UnpackBudget();
    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    private int unreadable;
    private long toldOf;

    private final WebSocketReader.Listener listener = new WebSocketReader.Listener() {
        @Override
        public void onMessages(List<WebSocketMessage> latest, long passed) {
            told.addAll(latest);
            toldOf += passed;
        }

        @Override
        public void onUnreadable() {
            unreadable++;
        }
    };

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 1000})
    void messagesAreToldHoweverTheirBytesComeInPieces(int piece) {
        WebSocketReader reader = new WebSocketReader(true, null, listener);
        String long126 = "ä".repeat(100);
        String long64K = "x".repeat(70_000);

        byte[] wire = wire(
                true,
                text("hello"),
                text(""),
                text(long126),
                text(long64K),
                new PingWebSocketFrame(bytes("are you there")),
                new PongWebSocketFrame(),
                new BinaryWebSocketFrame(bytes("\u0000\u0001")),
                new CloseWebSocketFrame(1001, "going away"));
        for (int at = 0; at < wire.length; at += piece) {
            reader.read(Unpooled.wrappedBuffer(wire, at, Math.min(piece, wire.length - at)));
        }

        assertEquals(
                List.of(Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.PING, Kind.PONG, Kind.BINARY, Kind.CLOSE),
                told.stream().map(WebSocketMessage::kind).toList());
        assertEquals(Optional.of("hello"), told.get(0).body().text());
        assertEquals(Optional.of(""), told.get(1).body().text());
        assertEquals(Optional.of(long126), told.get(2).body().text());
        assertEquals(70_000, told.get(3).body().passed());
        assertEquals(WebSocketReader.MOST_KEPT, told.get(3).body().kept());
        assertEquals(Optional.of("are you there"), told.get(4).body().text());
        assertArrayEquals(new byte[] {0, 1}, told.get(6).body().bytes());
        assertEquals(1001, told.get(7).closeStatus());
        assertEquals("going away", told.get(7).closeReason());
        assertTrue(told.stream().allMatch(WebSocketMessage::fromVisitor));
        assertFalse(told.stream().anyMatch(WebSocketMessage::packed));
        assertEquals(0, unreadable);
    }

    @Test
    void messageInFragmentsIsOneAndWhatComesBetweenThemIsItsOwn() {
        WebSocketReader reader = new WebSocketReader(false, null, listener);

        read(
                reader,
                wire(
                        false,
                        new TextWebSocketFrame(false, 0, "one, "),
                        new PingWebSocketFrame(),
                        new ContinuationWebSocketFrame(false, 0, "two, "),
                        new ContinuationWebSocketFrame(true, 0, "three"),
                        text("four")));

        assertEquals(
                List.of(Kind.PING, Kind.TEXT, Kind.TEXT),
                told.stream().map(WebSocketMessage::kind).toList());
        assertEquals(Optional.of("one, two, three"), told.get(1).body().text());
        assertEquals(Optional.of("four"), told.get(2).body().text());
        assertEquals(
                List.of(), told.stream().filter(WebSocketMessage::fromVisitor).toList());
    }

    @Test
    void closeWithoutAStatusHasTheOneThatSaysSo() {
        read(new WebSocketReader(true, null, listener), wire(true, new CloseWebSocketFrame()));

        assertEquals(1005, told.get(0).closeStatus());
        assertEquals("", told.get(0).closeReason());
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void compressedMessagesAreUnpacked(boolean eachAlone) {
        WebSocketReader reader = unpacking(eachAlone);
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            String message = "{\"price\":%d,\"of\":\"%s\"}".formatted(i, "tea ".repeat(i * 40));
            sent.add(message);
            byte[] packed = pack(message, eachAlone);
            int half = packed.length / 2;
            read(
                    reader,
                    wire(
                            true,
                            new TextWebSocketFrame(false, RSV1, Unpooled.wrappedBuffer(packed, 0, half)),
                            new PingWebSocketFrame(),
                            new ContinuationWebSocketFrame(
                                    true, 0, Unpooled.wrappedBuffer(packed, half, packed.length - half)),
                            text("not compressed")));
        }

        assertEquals(
                sent,
                told.stream()
                        .filter(message -> message.kind() == Kind.TEXT)
                        .flatMap(message -> message.body().text().stream())
                        .filter(text -> !text.equals("not compressed"))
                        .toList());
        assertEquals(150, told.size());
    }

    @Test
    void messageThatSaysOfItselfThatItEndsIsUnpackedAndTheNextOneToo() {
        WebSocketReader reader = unpacking(false);
        Deflater ending = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        ending.setInput("the end".getBytes(StandardCharsets.UTF_8));
        ending.finish();
        byte[] packed = new byte[100];
        int size = ending.deflate(packed);
        ending.end();
        ByteBuf asTheRfcHasIt = Unpooled.wrappedBuffer(Unpooled.wrappedBuffer(packed, 0, size), bytes("\u0000"));

        read(reader, wire(true, new TextWebSocketFrame(true, RSV1, asTheRfcHasIt)));
        read(reader, wire(true, packed("and on")));

        assertEquals(Optional.of("the end"), told.get(0).body().text());
        assertEquals(Optional.of("and on"), told.get(1).body().text());
    }

    @Test
    void whatIsTooMuchToUnpackIsKeptAsItComesFromThenOn() {
        WebSocketReader reader = unpacking(false);
        byte[] bomb = pack("0".repeat(UnpackBudget.MOST_BYTES_PER_SECOND * 3), false);

        read(reader, wire(true, new TextWebSocketFrame(true, RSV1, Unpooled.wrappedBuffer(bomb)), packed("later")));

        assertEquals(WebSocketReader.MOST_KEPT, told.get(0).body().kept());
        assertTrue(told.get(0).body().passed() < UnpackBudget.MOST_BYTES_PER_SECOND * 2.5);
        assertFalse(told.get(0).packed());
        assertTrue(told.get(1).packed());
        assertTrue(told.get(1).body().kept() > 0);
        assertEquals(0, unreadable);
    }

    @Test
    void endsWithinAMessageCostWhatTheyBringOut() {
        WebSocketReader reader = unpacking(false);
        Deflater ending = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        ending.setInput(new byte[8000]);
        ending.finish();
        byte[] part = new byte[100];
        int size = ending.deflate(part);
        ending.end();
        ByteBuf parts = Unpooled.buffer();
        for (int i = 0; i < UnpackBudget.MOST_BYTES_PER_SECOND * 3 / 8000; i++) {
            parts.writeBytes(part, 0, size);
        }

        read(reader, wire(true, new BinaryWebSocketFrame(true, RSV1, parts), packed("later")));

        assertTrue(told.get(1).packed());
    }

    @Test
    void whatIsNotCompressedAsItSaysIsCountedAndTheNextOneKeptAsItCame() {
        WebSocketReader reader = unpacking(false);
        byte[] noise = new byte[1000];
        new Random(7).nextBytes(noise);
        noise[0] = 7; // A block of a kind that there is not.

        read(reader, wire(true, new BinaryWebSocketFrame(true, RSV1, Unpooled.wrappedBuffer(noise)), packed("later")));

        assertEquals(1000, told.get(0).body().passed());
        assertTrue(told.get(1).packed());
    }

    @Test
    void roomForUnpackersIsBoundedAndGivenBackOnce() {
        List<Unpacker> open = new ArrayList<>();
        for (int i = 0; i < UnpackBudget.MOST_UNPACKERS; i++) {
            open.add(Unpacker.within(budget, false).orElseThrow());
        }
        assertEquals(Optional.empty(), Unpacker.within(budget, false));

        WebSocketReader reader = new WebSocketReader(true, open.get(0), listener);
        reader.close();
        reader.close();
        read(reader, wire(true, packed("after the end")));

        assertTrue(told.get(0).packed());
        Unpacker last = Unpacker.within(budget, false).orElseThrow();
        assertEquals(Optional.empty(), Unpacker.within(budget, false));
        last.close();
        open.forEach(Unpacker::close);
    }

    @ParameterizedTest
    @CsvSource({
        "83 00, an opcode that there is not",
        "80 00, the rest of no message",
        "01 00 81 00, a message within another",
        "09 00, a ping in fragments",
        "c9 00, a compressed ping",
        "89 7e 00 7e, a ping that is too long",
        "91 00, a bit of an extension that nobody agreed on",
        "82 ff ff ff ff ff ff ff ff ff 00 00 00 00, a length below nothing"
    })
    void whatIsNoWebSocketIsToldOnceAndReadNoFurther(String hex, String what) {
        WebSocketReader reader = unpacking(false);

        for (String one : hex.split(" ")) {
            reader.read(Unpooled.wrappedBuffer(new byte[] {(byte) Integer.parseInt(one, 16)}));
        }
        read(reader, wire(true, text("later")));

        assertEquals(1, unreadable, what);
        assertEquals(List.of(), told);
        assertTrue(Unpacker.within(budget, false).isPresent());
    }

    @Test
    void ofManySmallMessagesAtOnceTheLastAreTold() {
        WebSocketFrame[] many = new WebSocketFrame[Messages.MOST + 7];
        for (int i = 0; i < many.length; i++) {
            many[i] = text("" + i);
        }

        read(new WebSocketReader(true, null, listener), wire(true, many));

        assertEquals(Messages.MOST, told.size());
        assertEquals(Messages.MOST + 7, toldOf);
        assertEquals(Optional.of("7"), told.get(0).body().text());
    }

    @Test
    void bytesThatAreLookedAtStayUnread() {
        ByteBuf bytes = Unpooled.wrappedBuffer(wire(true, text("hello")));
        int size = bytes.readableBytes();

        new WebSocketReader(true, null, listener).read(bytes);

        assertEquals(size, bytes.readableBytes());
        assertEquals(1, told.size());
    }

    private WebSocketReader unpacking(boolean eachAlone) {
        return new WebSocketReader(true, Unpacker.within(budget, eachAlone).orElseThrow(), listener);
    }

    private TextWebSocketFrame packed(String text) {
        return new TextWebSocketFrame(true, RSV1, Unpooled.wrappedBuffer(pack(text, false)));
    }

    /** RFC 7692, 7.2.1. */
    private byte[] pack(String text, boolean eachAlone) {
        deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
        byte[] packed = new byte[text.length() * 3 + 100];
        int size = deflater.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH);
        if (eachAlone) {
            deflater.reset();
        }
        byte[] withoutTail = new byte[size - 4];
        System.arraycopy(packed, 0, withoutTail, 0, withoutTail.length);
        return withoutTail;
    }

    private static TextWebSocketFrame text(String text) {
        return new TextWebSocketFrame(text);
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private static byte[] wire(boolean masked, WebSocketFrame... frames) {
        EmbeddedChannel encoder = new EmbeddedChannel(new WebSocket13FrameEncoder(masked));
        ByteBuf all = Unpooled.buffer();
        for (WebSocketFrame frame : frames) {
            encoder.writeOutbound(frame);
        }
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        return bytes;
    }

    private static void read(WebSocketReader reader, byte[] bytes) {
        reader.read(Unpooled.wrappedBuffer(bytes));
    }
}
