package dev.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that are not frames: a {@link MalformedFrameException}, whatever they are. */
class HostileFramesTest {
    private static MalformedFrameException refused(ByteBuf bytes) {
        FrameReader reader = new FrameReader();
        try {
            return assertThrows(MalformedFrameException.class, () -> reader.read(bytes, frame -> {}));
        } finally {
            reader.close();
            assertTrue(bytes.release());
        }
    }

    private static ByteBuf frame(int type, int streamId, byte[] payload) {
        return Unpooled.buffer()
                .writeMedium(payload.length)
                .writeByte(type)
                .writeInt(streamId)
                .writeBytes(payload);
    }

    private static ByteBuf hex(int type, int streamId, String payload) {
        return frame(type, streamId, HexFormat.of().parseHex(payload));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 255})
    void aLengthBeyondItsKindsBoundIsRefusedAtItsHeader(int type) {
        refused(Unpooled.buffer().writeMedium(64 * 1024 + 1).writeByte(type).writeInt(1));
        refused(Unpooled.buffer().writeMedium(0xff_ffff).writeByte(type).writeInt(1));
    }

    @Test
    void nothingIsSetAsideForALengthBeforeItsBytesAreThere() {
        FrameReader reader = new FrameReader();
        ByteBuf header = Unpooled.buffer().writeMedium(64 * 1024).writeByte(1).writeInt(0);

        reader.read(header, frame -> {});
        assertEquals(0, reader.collectedCapacity());
        reader.read(Unpooled.wrappedBuffer(new byte[10]), frame -> {});

        assertTrue(reader.collectedCapacity() <= 64, "set aside " + reader.collectedCapacity());
        reader.close();
        assertEquals(0, reader.collectedCapacity());
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7, 8, 9, 11})
    void aFrameOfAStreamNeedsAStream(int type) {
        refused(frame(type, 0, new byte[64]));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 10, 12})
    void aStreamIdHas31Bits(int type) {
        refused(frame(type, Integer.MIN_VALUE, new byte[8]));
        refused(frame(type, -1, new byte[8]));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 16, 127})
    void aTypeThatIsNotKnownIsRefused(int type) {
        refused(frame(type, 1, new byte[8]));
    }

    @ParameterizedTest
    @CsvSource({
        "6, 01", // OPEN: a tag without a length
        "6, 0100", // half a length
        "6, 010005616263", // a text of five bytes, with three
        "6, 0200010a", // a kind that is not known
        "6, 020000", // a kind without a byte
        "6, 040004ffffffff", // a negative window
        "6, 04000400000000", // a window of nothing
        "6, 04000300ffff", // a window of three bytes
        "6, 010001610400040000000105000400000000", // a send window of nothing
        "6, 01000161040004000000010700020000", // a trace id of two bytes
        "6, 0400040000000105000400000001", // no tunnel
        "6, 01000161", // no windows
        "8, 00", // FIN: too short
        "8, ffffffffffffffff", // a negative count
        "9, 00", // RESET without a count
        "9, 008000000000000000", // a negative count
        "10, 000001", // CREDIT: too short
        "10, 00000000",
        "10, 80000000",
        "11, ffff", // EVENT: a text that is not there
        "11, 00000000000000000000000000000000000000000000", // too short
        "11, 00000000000000000000ffffffffffffffff00000000000000000000000000000000000000000000000000000000000000",
        "12, 00000000000000", // PING: seven bytes
        "13, 00",
        "14, 00", // GOAWAY: too short
        "14, 0080000000", // a negative last stream
        "14, 00000000010001", // an offset that is not there
        "14, 0000000001ffff0000000100000000000000ff", // 65,535 offsets, with one
        "14, 000000000100010000000000000000000000ff", // of stream 0
        "14, 00000000010001000000018000000000000000" // negative
    })
    void aPayloadThatIsNotItsFieldsIsRefused(int type, String payload) {
        refused(hex(type, 1, payload));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'window':1}",
                "{'instance':'','window':1}",
                "{'instance':'a b','window':1}",
                "{'instance':'a\\nb','window':1}",
                "{'instance':'gr\u00fcn','window':1}",
                "{'instance':'a','software':'\\u001b[2J','window':1}"
            })
    void aHelloThatWouldSpoilALogIsRefused(String json) {
        refused(frame(1, 0, json.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aHelloThatWouldTakeManyTimesItsBytesIsRefused() {
        for (String json : List.of(
                hello("a".repeat(Hello.MOST_INSTANCE_CHARS + 1), "x", 0),
                hello("a", "x".repeat(101), 0),
                hello("a", "x", Handshake.MOST_ITEMS + 1))) {
            refused(frame(1, 0, json.getBytes(StandardCharsets.UTF_8)));
        }

        List<Frame> read = new ArrayList<>();
        String most = hello("a".repeat(Hello.MOST_INSTANCE_CHARS), "x".repeat(100), Handshake.MOST_ITEMS);
        new FrameReader().read(frame(1, 0, most.getBytes(StandardCharsets.UTF_8)), read::add);
        assertEquals(1, read.size());
    }

    private static String hello(String instance, String software, int lanes) {
        return new JsonObject()
                .put("instance", instance)
                .put("software", software)
                .put("lanes", new JsonArray(Collections.nCopies(lanes, "lane")))
                .put("window", 1)
                .encode();
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "target"})
    void aBindThatSaysTooMuchIsRefused(String field) {
        JsonObject bind = new JsonObject().put("id", 1).put("kind", "http").put(field, "a".repeat(5000));

        refused(frame(3, 0, bind.encode().getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aKindOfResetThatIsNotKnownIsAnInternalOne() {
        List<Frame> read = new ArrayList<>();

        new FrameReader().read(hex(9, 1, "fe0000000000000005616263"), read::add);

        assertEquals(List.of(new Frame.Reset(1, CloseReason.INTERNAL, 5, "abc")), read);
    }

    /** So that a later release can say more to who does not listen. */
    @ParameterizedTest
    @ValueSource(ints = {128, 255})
    void aTypeThatMayBeSkippedIsHoweverItIsCut(int type) {
        ByteBuf bytes = Unpooled.wrappedBuffer(
                hex(12, 0, "0000000000000007"), frame(type, 5, new byte[300]), hex(13, 0, "0000000000000008"));
        for (int cut = 0; cut < bytes.readableBytes(); cut++) {
            FrameReader reader = new FrameReader();
            List<Frame> read = new ArrayList<>();

            reader.read(bytes.slice(0, cut), read::add);
            reader.read(bytes.slice(cut, bytes.readableBytes() - cut), read::add);

            assertEquals(List.of(new Frame.Ping(7), new Frame.Pong(8)), read);
            assertTrue(reader.betweenFrames());
            reader.close();
        }
    }

    @Test
    void ofAHelloOfAnotherVersionNothingButTheVersionsIsRead() {
        List<Frame> read = new ArrayList<>();
        String json = "{\"versions\":[2,3],\"instance\":{\"of\":\"another shape\"}}";

        new FrameReader().read(frame(1, 0, json.getBytes(StandardCharsets.UTF_8)), read::add);

        assertEquals(
                List.of(2, 3),
                assertInstanceOf(Frame.HelloFrame.class, read.get(0)).hello().versions());
    }

    @Test
    void aBindSaysWhichRestrictionsItCountsOnAndWhichOfThemAreNotKnown() {
        Bind.Visitors guarded = new Bind.Visitors(List.of("10.0.0.0/8"), List.of(), List.of("*"), true);
        JsonObject json = new Bind(1, "http", "a", 0, null, false, "preserve", "", 0, guarded, false).toJson();
        assertEquals(List.of("allowFrom", "people"), json.getJsonArray("needs").getList());

        json.getJsonArray("needs").add("countries");
        List<Frame> read = new ArrayList<>();
        new FrameReader().read(frame(3, 0, json.encode().getBytes(StandardCharsets.UTF_8)), read::add);

        Bind bind = assertInstanceOf(Frame.BindFrame.class, read.get(0)).bind();
        assertEquals(List.of("countries"), bind.visitors().unknown());
        assertEquals(List.of("*"), bind.visitors().people());
    }

    @Test
    void aFieldOfOpenThatIsNotKnownIsSkipped() {
        List<Frame> read = new ArrayList<>();

        new FrameReader().read(hex(6, 1, "010001617f0003aabbcc0400040000000105000400000002"), read::add);

        assertInstanceOf(Frame.Open.class, read.get(0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "1",
                "true",
                "\"text\"",
                "[]",
                "[{}]",
                "{",
                "{}{}",
                "{}",
                "{\"instance\":1}",
                "{\"instance\":null,\"window\":1}",
                "{\"instance\":\"i\"}",
                "{\"instance\":\"i\",\"window\":0}",
                "{\"instance\":\"i\",\"window\":-1}",
                "{\"instance\":\"i\",\"window\":1.5}",
                "{\"instance\":\"i\",\"window\":\"1\"}",
                "{\"instance\":\"i\",\"window\":4294967297}",
                "{\"instance\":\"i\",\"window\":1e999999999}",
                "{\"instance\":\"i\",\"window\":99999999999999999999999999999999}",
                "{\"instance\":\"i\",\"window\":1,\"versions\":1}",
                "{\"instance\":\"i\",\"window\":1,\"versions\":{}}",
                "{\"instance\":\"i\",\"window\":1,\"versions\":[null]}",
                "{\"instance\":\"i\",\"window\":1,\"versions\":[\"1\"]}",
                "{\"instance\":\"i\",\"window\":1,\"versions\":[1e99]}",
                "{\"instance\":\"i\",\"window\":1,\"lanes\":[null]}",
                "{\"instance\":\"i\",\"window\":1,\"lanes\":[[]]}",
                "{\"instance\":\"i\",\"window\":1,\"events\":\"yes\"}",
                "{\"instance\":\"i\",\"window\":1,\"token\":{}}",
                "{\"instance\":\"i\",\"window\":1,\"token\":5}",
                "{\"id\":1,\"kind\":\"http\",\"port\":-1}",
                "{\"id\":1,\"kind\":\"http\",\"port\":\"\"}",
                "{\"id\":1,\"kind\":\"http\",\"port\":65536}",
                "{\"id\":1,\"kind\":[]}",
                "{\"id\":1,\"refused\":{}}",
                "{\"id\":1,\"refused\":\"NAME_TAKEN\",\"message\":[]}",
                "{\"id\":1,\"tunnel\":\"t\",\"name\":null}",
                "{\"id\":1,\"reason\":5}",
                "{\"id\":1,\"reason\":\"DONE\",\"message\":7}"
            })
    void aHandshakeThatIsNotTheJsonItShouldBeIsRefused(String json) {
        byte[] payload = json.getBytes(StandardCharsets.UTF_8);
        for (int type = 1; type <= 5; type++) {
            FrameReader reader = new FrameReader();
            ByteBuf bytes = frame(type, 0, payload);
            List<Frame> read = new ArrayList<>();
            try {
                reader.read(bytes, read::add);
                // A field that one kind of frame refuses, another does not have. That of its own kind must.
                assertFalse(json.contains("instance") && type == 1, "HELLO took " + json);
                assertFalse(json.contains("kind") && type == 3, "BIND took " + json);
            } catch (MalformedFrameException expected) {
                assertTrue(read.isEmpty());
            }
        }
    }

    /** An edge's word for a tunnel is printed by agents. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a\u001b[2J | http://a.example.com",
                "a b | http://a.example.com",
                "`` | http://a.example.com",
                "`a\n` | http://a.example.com",
                "ä | http://a.example.com",
                "a | http://a.example.com/\u001b]0;x\u0007",
                "a | http://a.example.com/ b",
                "a | `http://a.example.com\n`",
                "a | http://a.example.com/\u202e",
                "a | http://ä.example.com",
                "a | a.example.com",
                "a | //a.example.com",
                "a | http:a",
                "a | http:///a",
                "a | javascript:alert(1)",
                "a | http://[a",
                "a | ``",
            })
    void aTunnelsNameAndUrlHaveWhatTheyShouldAndNothingElse(String name, String url) {
        MalformedFrameException refused = refused(bound(name, url));

        assertTrue(refused.getMessage().startsWith("handshake field "), refused.getMessage());
        assertTrue(refused.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f), "nothing of it is repeated");
    }

    @Test
    void aTunnelsNameAndUrlAreOnlySoLong() {
        refused(bound("a".repeat(254), "http://a.example.com"));
        refused(bound("a", "http://a.example.com/" + "a".repeat(2048)));
        List<Frame> read = new ArrayList<>();

        new FrameReader().read(bound("a".repeat(253), "tcp://[::1]:2222"), read::add);
        new FrameReader().read(bound("2222", "http://a.example.com/" + "a".repeat(2000)), read::add);

        assertEquals(2, read.size());
    }

    private static ByteBuf bound(String name, String url) {
        String json = new JsonObject()
                .put("id", 1)
                .put("tunnel", "t")
                .put("name", name)
                .put("url", url)
                .put("ticket", "")
                .encode();
        return frame(4, 0, json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void nullIsAsGoodAsNothing() {
        String hello =
                "{\"instance\":\"i\",\"window\":1,\"versions\":null,\"lanes\":null,\"events\":null,\"token\":null}";
        String bind = "{\"id\":1,\"kind\":\"http\",\"port\":null,\"pool\":null,\"name\":null,\"unheard\":[{}]}";
        List<Frame> read = new ArrayList<>();

        new FrameReader().read(frame(1, 0, hello.getBytes(StandardCharsets.UTF_8)), read::add);
        new FrameReader().read(frame(3, 0, bind.getBytes(StandardCharsets.UTF_8)), read::add);

        assertEquals(
                List.of(
                        new Frame.HelloFrame(new Hello(List.of(), "", "i", List.of(), null, null, 1, false)),
                        new Frame.BindFrame(new Bind(
                                1, "http", null, 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false))),
                read);
    }

    @Test
    void aBombOfBracketsIsRefused() {
        refused(frame(1, 0, "[".repeat(60_000).getBytes(StandardCharsets.UTF_8)));
        refused(frame(1, 0, ("{\"a\":".repeat(12_000)).getBytes(StandardCharsets.UTF_8)));
        refused(frame(1, 0, ("{\"window\":" + "9".repeat(60_000) + "}").getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void textThatIsNotUtf8IsNoReasonToFail() {
        refused(frame(1, 0, new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1}));
        List<Frame> read = new ArrayList<>();

        new FrameReader().read(hex(9, 1, "000000000000000000" + "fffe80c3"), read::add);

        assertTrue(((Frame.Reset) read.get(0)).detail().contains("\ufffd"));
    }

    @Test
    void aSecretIsNotQuoted() {
        MalformedFrameException refused =
                refused(frame(1, 0, "{\"token\":\"s3cret\", oops".getBytes(StandardCharsets.UTF_8)));

        assertFalse(refused.getMessage().contains("s3cret"), refused.getMessage());
    }
}
