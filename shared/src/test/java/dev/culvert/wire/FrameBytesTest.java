package dev.culvert.wire;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.culvert.testkit.PromisedBytes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The bytes of all frames, as {@code docs/protocol.md} draws them: agents of other releases, and in other languages, write and
 * read them. What to do when one of these is red is in {@link PromisedBytes#WHAT_TO_DO}.
 */
class FrameBytesTest {
    private static final String HOST = "host:shop.example.com";

    @Test
    void openIsFieldsBehindTags() {
        promised(
                new Frame.Open(
                        2,
                        new StreamRequest(
                                HOST,
                                StreamRequest.Kind.TLS,
                                "192.0.2.7:4711",
                                "198.51.100.9:443",
                                3,
                                0x0102_0304_0506_0708L),
                        262_144,
                        65_536),
                """
                00 00 5d                ; u24, bytes of payload: 93
                06                      ; OPEN
                00 00 00 02             ; u32, stream 2: the first that an edge opens
                01 00 15 'host:shop.example.com'    ; tag 1, tunnel
                02 00 01 03             ; tag 2, kind: TLS that ends at the target
                03 00 0e '192.0.2.7:4711'           ; tag 3, visitor
                04 00 04 00 04 00 00    ; tag 4, what the acceptor may send: 262,144
                05 00 04 00 01 00 00    ; tag 5, what the opener may send: 65,536
                06 00 01 03             ; tag 6, attempt
                07 00 08 01 02 03 04 05 06 07 08    ; tag 7, trace id
                08 00 10 '198.51.100.9:443'         ; tag 8, where the visitor came in
                """);
    }

    /** Some fields are left out where they say nothing; one that comes without them means the same. */
    @Test
    void openOfWhichLittleIsKnown() {
        Frame open =
                new Frame.Open(2_147_483_646, new StreamRequest("tcp:22", StreamRequest.Kind.TCP, "", 0, 0), 16_384, 1);
        promised(open, """
                00 00 1e                ; u24, bytes of payload: 30
                06                      ; OPEN
                7f ff ff fe             ; u32, the last stream that an edge can open
                01 00 06 'tcp:22'       ; tag 1, tunnel
                02 00 01 02             ; tag 2, kind: any bytes
                03 00 00                ; tag 3, visitor: not known
                04 00 04 00 00 40 00    ; tag 4, what the acceptor may send: 16,384
                05 00 04 00 00 00 01    ; tag 5, what the opener may send: 1
                """);
    }

    @Test
    void openWithNothingButWhatIsRequiredIsHttpOfAnUnknownVisitor() {
        PromisedBytes shortest = PromisedBytes.of("""
                00 00 1a
                06                      ; OPEN
                00 00 00 02
                05 00 04 00 00 00 02    ; tag 5 may come first: fields are in any order
                04 00 04 00 00 00 01    ; tag 4
                01 00 09 'host:shop'    ; tag 1
                """);
        StreamRequest request = new StreamRequest("host:shop", StreamRequest.Kind.HTTP, "", 0, 0);
        shortest.areRead(new Frame.Open(2, request, 1, 2), read(shortest.bytes()));
    }

    @ParameterizedTest
    @CsvSource({"1, HTTP", "2, TCP", "3, TLS", "4, HTTP2", "5, UNKNOWN", "255, UNKNOWN"})
    void kindsOfStreamsHaveNumbers(int code, StreamRequest.Kind kind) {
        assertEquals(kind, StreamRequest.Kind.of(code), WHAT_TO_DO);
        if (kind != StreamRequest.Kind.UNKNOWN) {
            assertEquals(code, kind.code(), WHAT_TO_DO);
        }
    }

    @Test
    void dataIsTheStreamsBytesAsTheyAre() {
        promised(new Frame.Data(4, Unpooled.wrappedBuffer(new byte[] {0, 1, (byte) 0xff})), """
                00 00 03                ; u24, bytes of payload
                07                      ; DATA
                00 00 00 04             ; u32, stream 4
                00 01 ff
                """);
    }

    /** It is written in another way than a small one. */
    @Test
    void largestDataIsOneFrame() {
        byte[] payload = new byte[65_536];
        Arrays.fill(payload, (byte) 'x');
        promised(new Frame.Data(4, Unpooled.wrappedBuffer(payload)), """
                01 00 00                ; u24, bytes of payload: 65,536, the most there may be
                07                      ; DATA
                00 00 00 04             ; u32, stream 4
                '%s'
                """.formatted("x".repeat(65_536)));
    }

    @Test
    void finSaysHowMuchOfTheOtherDirectionWasHandedOn() {
        promised(new Frame.Fin(4, 0x0102_0304_0506L), """
                00 00 08                ; u24, bytes of payload
                08                      ; FIN
                00 00 00 04             ; u32, stream 4
                00 00 01 02 03 04 05 06 ; u64, delivered
                """);
    }

    @Test
    void resetSaysWhyAndHowMuchWasHandedOn() {
        promised(new Frame.Reset(4, CloseReason.TARGET_REFUSED, 0, "nobody at :3000 — gone?"), """
                00 00 22                ; u24, bytes of payload: 34
                09                      ; RESET
                00 00 00 04             ; u32, stream 4
                03                      ; u8, TARGET_REFUSED
                00 00 00 00 00 00 00 00 ; u64, delivered: nothing
                'nobody at :3000 — gone?'   ; UTF-8 up to the end
                """);
        promised(new Frame.Reset(4, CloseReason.LANE_LOST, Frame.Reset.ANYTHING_DELIVERED, ""), """
                00 00 09                ; u24, bytes of payload
                09                      ; RESET
                00 00 00 04             ; u32, stream 4
                07                      ; u8, LANE_LOST
                7f ff ff ff ff ff ff ff ; u64, delivered: nobody knows
                """);
    }

    @Test
    void creditIsForAStreamOrForThoseToCome() {
        promised(new Frame.Credit(4, 131_072), """
                00 00 04                ; u24, bytes of payload
                0a                      ; CREDIT
                00 00 00 04             ; u32, stream 4
                00 02 00 00             ; u32, so many bytes more
                """);
        promised(new Frame.Credit(0, Integer.MAX_VALUE), """
                00 00 04                ; u24, bytes of payload
                0a                      ; CREDIT
                00 00 00 00             ; u32, those that are opened from now on
                7f ff ff ff             ; u32, what they begin with: the most there is
                """);
    }

    @Test
    void eventIsAnExchange() {
        promised(
                new Frame.Event(4, new Exchange(HOST, "[2001:db8::7]:4711", "GET", "/café?a=b", 404, 1, 2, 3, 4, 5)),
                """
                00 00 66                ; u24, bytes of payload: 102
                0b                      ; EVENT
                00 00 00 04             ; u32, stream 4
                00 15 'host:shop.example.com'   ; tunnel
                00 12 '[2001:db8::7]:4711'      ; visitor
                00 03 'GET'                     ; method
                00 0a '/café?a=b'               ; path
                01 94                   ; u16, status
                00 00 00 00 00 00 00 01 ; u64, bytes of the request
                00 00 00 00 00 00 00 02 ; u64, bytes of the response
                00 00 00 00 00 00 00 03 ; u64, start, ms since 1970
                00 00 00 00 00 00 00 04 ; u64, µs to the response's head
                00 00 00 00 00 00 00 05 ; u64, µs in all
                """);
    }

    @Test
    void pingAndPongCarryANumber() {
        promised(new Frame.Ping(-2), """
                00 00 08                ; u24, bytes of payload
                0c                      ; PING
                00 00 00 00             ; u32, the lane
                ff ff ff ff ff ff ff fe ; u64, any value
                """);
        promised(new Frame.Pong(7), """
                00 00 08                ; u24, bytes of payload
                0d                      ; PONG
                00 00 00 00             ; u32, the lane
                00 00 00 00 00 00 00 07 ; u64, the PING's
                """);
    }

    @Test
    void goAwaySaysWhatWasServed() {
        promised(
                new Frame.GoAway(
                        CloseReason.PROTOCOL_ERROR,
                        7,
                        List.of(new Frame.GoAway.Delivered(5, 1), new Frame.GoAway.Delivered(7, 1L << 32)),
                        "sorry"),
                """
                00 00 24                ; u24, bytes of payload: 36
                0e                      ; GOAWAY
                00 00 00 00             ; u32, the lane
                06                      ; u8, PROTOCOL_ERROR
                00 00 00 07             ; u32, the last stream
                00 02                   ; u16, so many streams follow
                00 00 00 05 00 00 00 00 00 00 00 01     ; u32 stream, u64 delivered
                00 00 00 07 00 00 00 01 00 00 00 00
                'sorry'                 ; UTF-8 up to the end
                """);
    }

    /** A later release may add a field; RESET and GOAWAY have none to add, since their text reaches to the end. */
    @ParameterizedTest
    @CsvSource({"8, 8", "10, 4", "11, 50", "12, 8", "13, 8"})
    void bytesBehindTheLastFieldAreSkipped(int type, int length) {
        int stream = type < 12 ? 2 : 0;
        byte[] payload = new byte[length];
        payload[length - 1] = 1;
        Frame known = read(frame(type, stream, payload));
        assertEquals(known, read(frame(type, stream, Arrays.copyOf(payload, length + 5))), WHAT_TO_DO);
    }

    private static byte[] frame(int type, int streamId, byte[] payload) {
        return ByteBufUtil.getBytes(Unpooled.buffer()
                .writeMedium(payload.length)
                .writeByte(type)
                .writeInt(streamId)
                .writeBytes(payload));
    }

    @Test
    void helloSaysWhoComes() {
        promised(
                1,
                new Frame.HelloFrame(new Hello(
                        List.of(1),
                        "culvert/1.2.3",
                        "0a1b-instance",
                        List.of("lane-1", "lane-2"),
                        "cvt_token",
                        "a secret of its own",
                        262_144,
                        true)),
                """
                {
                  "versions": [1],
                  "software": "culvert/1.2.3",
                  "instance": "0a1b-instance",
                  "lanes": ["lane-1", "lane-2"],
                  "token": "cvt_token",
                  "secret": "a secret of its own",
                  "window": 262144,
                  "events": true
                }
                """);
        isRead(1, """
                {"versions": [1, 2], "instance": "i", "window": 1}
                """, new Frame.HelloFrame(new Hello(List.of(1, 2), "", "i", List.of(), null, null, 1, false)));
        assertEquals(1, Hello.VERSION, WHAT_TO_DO);
    }

    @Test
    void welcomeSaysWhere() {
        promised(2, new Frame.WelcomeFrame(new Welcome(1, "node-1", "lane-3", 5, 65_536, 5_000)), """
                {
                  "version": 1,
                  "node": "node-1",
                  "lane": "lane-3",
                  "nodes": 5,
                  "window": 65536,
                  "pingMillis": 5000
                }
                """);
    }

    @Test
    void bindAsksForAName() {
        Bind.Visitors some = new Bind.Visitors(
                List.of("10.0.0.0/8", "fd00::/8"),
                List.of("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
                List.of("ann@example.com", "group:staff"),
                true);
        promised(
                3,
                new Frame.BindFrame(new Bind(
                        7, "http", "shop", 0, "a-ticket", true, "rewrite", "127.0.0.1:3000", 30_000, some, true)),
                """
                {
                  "id": 7,
                  "kind": "http",
                  "name": "shop",
                  "port": 0,
                  "ticket": "a-ticket",
                  "pool": true,
                  "hostHeader": "rewrite",
                  "target": "127.0.0.1:3000",
                  "responseTimeoutMillis": 30000,
                  "allowFrom": ["10.0.0.0/8", "fd00::/8"],
                  "passwords": ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
                  "people": ["ann@example.com", "group:staff"],
                  "needs": ["allowFrom", "passwords", "people"],
                  "preflights": true,
                  "changes": true
                }
                """);
    }

    /** It is not needed: an edge that does not know it lets nobody in who must not come in. */
    @Test
    void bindMaySayHowMuchTheTunnelTakes() {
        Bind busy =
                new Bind(9, "http", null, 0, null, false, "preserve", "", 0, "50/s", Bind.Visitors.EVERYBODY, false);
        promised(3, new Frame.BindFrame(busy), """
                {
                  "id": 9,
                  "kind": "http",
                  "port": 0,
                  "pool": false,
                  "hostHeader": "preserve",
                  "target": "",
                  "responseTimeoutMillis": 0,
                  "rate": "50/s",
                  "allowFrom": [],
                  "passwords": [],
                  "people": [],
                  "needs": [],
                  "preflights": false,
                  "changes": false
                }
                """);
    }

    /** What restricts nobody is not needed: an edge that does not know it does no harm. */
    @Test
    void bindThatLetsInEverybodyNeedsNothing() {
        Bind port = new Bind(8, "tcp", null, 2222, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false);
        promised(3, new Frame.BindFrame(port), """
                {
                  "id": 8,
                  "kind": "tcp",
                  "port": 2222,
                  "pool": false,
                  "hostHeader": "preserve",
                  "target": "",
                  "responseTimeoutMillis": 0,
                  "allowFrom": [],
                  "passwords": [],
                  "people": [],
                  "needs": [],
                  "preflights": false,
                  "changes": false
                }
                """);
        isRead(3, """
                {"id": 8, "kind": "tcp", "port": 2222}
                """, new Frame.BindFrame(port));
    }

    @Test
    void boundIsAGrantOrARefusal() {
        promised(4, new Frame.BoundFrame(Bound.granted(7, HOST, "shop", "https://shop.example.com", "a-ticket")), """
                {
                  "id": 7,
                  "tunnel": "host:shop.example.com",
                  "name": "shop",
                  "url": "https://shop.example.com",
                  "ticket": "a-ticket"
                }
                """);
        promised(4, new Frame.BoundFrame(Bound.refused(7, Bound.Code.NAME_TAKEN, "somebody’s")), """
                {
                  "id": 7,
                  "refused": "NAME_TAKEN",
                  "message": "somebody’s"
                }
                """);
    }

    @Test
    void refusalsHaveNames() {
        assertEquals(
                "NAME_TAKEN NAME_IN_USE NAME_INVALID NOT_ALLOWED NOT_OFFERED NO_ROOM DRAINING INTERNAL",
                Arrays.stream(Bound.Code.values()).map(Enum::name).collect(Collectors.joining(" ")),
                WHAT_TO_DO);
        isRead(4, """
                {"id": 7, "refused": "OF_A_LATER_RELEASE"}
                """, new Frame.BoundFrame(Bound.refused(7, Bound.Code.INTERNAL, "")));
    }

    @Test
    void unbindSaysWhy() {
        promised(5, new Frame.UnbindFrame(new Unbind(7, CloseReason.UNAUTHORIZED, "the operator took it away")), """
                {
                  "id": 7,
                  "reason": "UNAUTHORIZED",
                  "message": "the operator took it away"
                }
                """);
        isRead(5, """
                {"id": 7, "reason": "OF_A_LATER_RELEASE"}
                """, new Frame.UnbindFrame(new Unbind(7, CloseReason.INTERNAL, "")));
    }

    /** Numbers in RESET and GOAWAY, names in UNBIND; whether another holder may be asked depends on what both ends know of them. */
    @Test
    void reasonsHaveNumbersAndNames() {
        assertEquals(
                """
                0 DONE
                1 NOT_HELD retry
                2 DRAINING retry, in a GOAWAY the streams go on
                3 TARGET_REFUSED retry
                4 TARGET_FAILED
                5 CANCELLED
                6 PROTOCOL_ERROR
                7 LANE_LOST
                8 SILENT
                9 OVERLOADED
                10 UNAUTHORIZED
                11 VERSION_MISMATCH
                12 REPLACED
                13 ALREADY_HERE
                14 CLOSED
                15 IDS_EXHAUSTED retry, in a GOAWAY the streams go on
                16 INTERNAL
                17 NOT_ADMITTED
                18 UNDECIDED
                """.strip(),
                Arrays.stream(CloseReason.values())
                        .map(reason -> "%d %s%s%s"
                                .formatted(
                                        reason.code(),
                                        reason.name(),
                                        reason.retryable() ? " retry" : "",
                                        Frame.GoAway.letsStreamsFinish(reason)
                                                ? ", in a GOAWAY the streams go on"
                                                : ""))
                        .collect(Collectors.joining("\n")),
                WHAT_TO_DO);
        for (CloseReason reason : CloseReason.values()) {
            assertEquals(reason, CloseReason.of(reason.code()), WHAT_TO_DO);
        }
        assertEquals(CloseReason.INTERNAL, CloseReason.of(255), WHAT_TO_DO);
    }

    private static void promised(Frame frame, String notation) {
        PromisedBytes promised = PromisedBytes.of(notation);
        promised.areWritten(written(frame instanceof Frame.Data data ? copy(data) : frame));
        promised.areRead(frame, read(promised.bytes()));
    }

    private static Frame copy(Frame.Data data) {
        return new Frame.Data(data.streamId(), data.payload().copy());
    }

    /** The order of the fields, and spaces between them, make no difference. */
    private static void promised(int type, Frame frame, String json) {
        byte[] written = written(frame);
        ByteBuf bytes = Unpooled.wrappedBuffer(written);
        assertEquals(written.length - 8, bytes.readUnsignedMedium(), WHAT_TO_DO);
        assertEquals(type, bytes.readUnsignedByte(), WHAT_TO_DO);
        assertEquals(0, bytes.readInt(), WHAT_TO_DO);
        assertEquals(new JsonObject(json), new JsonObject(bytes.toString(StandardCharsets.UTF_8)), WHAT_TO_DO);
        isRead(type, json, frame);
    }

    private static void isRead(int type, String json, Frame frame) {
        assertEquals(frame, read(frame(type, 0, json.getBytes(StandardCharsets.UTF_8))), WHAT_TO_DO);
    }

    private static byte[] written(Frame frame) {
        EmbeddedChannel lane = new EmbeddedChannel(new FrameCodec());
        lane.writeOutbound(frame);
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf piece = lane.readOutbound(); piece != null; piece = lane.readOutbound()) {
            all.writeBytes(piece);
            piece.release();
        }
        lane.finish();
        return ByteBufUtil.getBytes(all);
    }

    private static Frame read(byte[] bytes) {
        EmbeddedChannel lane = new EmbeddedChannel(new FrameCodec());
        lane.writeInbound(Unpooled.wrappedBuffer(bytes));
        Frame frame = lane.readInbound();
        assertNull(lane.readInbound(), "one frame, and no more");
        lane.finish();
        return frame;
    }
}
