package dev.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What is written is what is read, however it is cut. */
class FrameRoundTripTest {
    @Provide
    Arbitrary<List<Frame>> frames() {
        return FrameArbitraries.frames().list().ofMinSize(1).ofMaxSize(12);
    }

    @Property(tries = 400)
    void framesAreReadAsWrittenHoweverTheyAreCut(@ForAll("frames") List<Frame> frames, @ForAll long seed) {
        ByteBuf written = Unpooled.buffer();
        for (Frame frame : frames) {
            append(frame, written);
        }

        List<Frame> read = readCut(written, new Random(seed));

        assertEquals(frames.stream().map(FrameRoundTripTest::cut).toList(), read);
        frames.stream()
                .filter(Frame.Data.class::isInstance)
                .forEach(data -> ((Frame.Data) data).payload().release());
        assertEquals(1, written.refCnt());
        assertTrue(written.release());
    }

    @Example
    void aLargeControlFrameAfterAHeaderThatEndedARead() {
        ByteBuf small = FrameWriter.write(new Frame.Ping(1), UnpooledByteBufAllocator.DEFAULT);
        String detail = "d".repeat(500);
        ByteBuf large =
                FrameWriter.write(new Frame.Reset(3, CloseReason.DONE, 0, detail), UnpooledByteBufAllocator.DEFAULT);
        FrameReader reader = new FrameReader();
        List<Frame> read = new ArrayList<>();

        reader.read(small.readSlice(Frame.HEADER_BYTES), read::add);
        reader.read(small, read::add);
        reader.read(large.readSlice(100), read::add);
        reader.read(large, read::add);

        assertEquals(List.of(new Frame.Ping(1), new Frame.Reset(3, CloseReason.DONE, 0, detail)), read);
        assertTrue(reader.betweenFrames());
        reader.close();
        small.release();
        large.release();
    }

    @Example
    void textThatIsTooLongIsCutAtAWholeCharacter() {
        String eachFourBytes = "😀".repeat(40_000);
        Exchange exchange =
                new Exchange(eachFourBytes, "v".repeat(70_000), "m\u00e9".repeat(40_000), "/", 200, 0, 0, 0, 0, 0);

        Exchange read = ((Frame.Event) roundTrip(new Frame.Event(1, exchange))).exchange();
        Frame.Reset reset = (Frame.Reset) roundTrip(new Frame.Reset(1, CloseReason.DONE, 0, "." + eachFourBytes));

        int most = FrameWriter.MAX_SHORT_TEXT_BYTES;
        assertEquals("😀".repeat(most / 4), read.tunnel());
        assertEquals("v".repeat(most), read.visitor());
        assertEquals(most - 1, read.method().getBytes(StandardCharsets.UTF_8).length); // 2,730 times three, and an m.
        assertEquals("." + "😀".repeat((Frame.Reset.MAX_DETAIL_BYTES - 1) / 4), reset.detail());
    }

    @Example
    void halfCharactersBecomeQuestionMarksHoweverManyTheyAre() {
        Frame.Reset reset = (Frame.Reset) roundTrip(new Frame.Reset(1, CloseReason.DONE, 0, "\ud83d".repeat(1000)));

        assertTrue(reset.detail().matches("\\?{1,512}"), reset.detail());
    }

    @Example
    void aPathIsCutBetweenCharacters() {
        for (int shift = 0; shift < 2; shift++) {
            Exchange exchange = new Exchange("t", "v", "GET", "/".repeat(shift) + "😀".repeat(600), 0, 0, 0, 0, 0, 0);

            assertTrue(exchange.path().length() <= Exchange.MAX_PATH_CHARS);
            assertTrue(exchange.path().endsWith("😀…"));
        }
    }

    @Example
    void offsetsThatDoNotFitAreLeftOut() {
        List<Frame.GoAway.Delivered> offsets = new ArrayList<>();
        for (int id = 1; id <= 10_000; id++) {
            offsets.add(new Frame.GoAway.Delivered(id, id));
        }

        Frame.GoAway read =
                (Frame.GoAway) roundTrip(new Frame.GoAway(CloseReason.CLOSED, 10_000, offsets, "x".repeat(10_000)));

        assertEquals(offsets.subList(0, FrameWriter.MAX_OFFSETS), read.delivered());
        assertEquals("x".repeat(Frame.Reset.MAX_DETAIL_BYTES), read.detail());
    }

    @Example
    void aFrameThatCannotBeWrittenIsRefused() {
        Frame hello = new Frame.HelloFrame(
                new Hello(List.of(1), "", "", List.of("l".repeat(Frame.MAX_CONTROL_BYTES)), null, null, 1, true));
        ByteBuf tooMuch = Unpooled.wrappedBuffer(new byte[Frame.MAX_DATA_BYTES + 1]);

        assertThrows(IllegalArgumentException.class, () -> roundTrip(hello));
        assertThrows(IllegalArgumentException.class, () -> roundTrip(new Frame.Data(1, tooMuch)));
    }

    @Example
    void anEmptyDataFrameIsNoFrame() {
        ByteBuf written = Unpooled.buffer();
        append(new Frame.Data(1, Unpooled.EMPTY_BUFFER), written);
        append(new Frame.Ping(5), written);

        assertEquals(List.of(new Frame.Ping(5)), readCut(written, new Random(1)));
    }

    static Frame roundTrip(Frame frame) {
        ByteBuf written = Unpooled.buffer();
        append(frame, written);
        List<Frame> read = readCut(written, new Random(1));
        assertEquals(1, read.size());
        return read.get(0);
    }

    static void append(Frame frame, ByteBuf out) {
        ByteBuf bytes = FrameWriter.write(frame, UnpooledByteBufAllocator.DEFAULT);
        out.writeBytes(bytes);
        bytes.release();
        if (frame instanceof Frame.Data data) {
            out.writeBytes(
                    data.payload(), data.payload().readerIndex(), data.payload().readableBytes());
        }
    }

    /** Reads all of it, in pieces of any size, each in a buffer of its own; joins what came of one DATA frame. */
    static List<Frame> readCut(ByteBuf written, Random random) {
        FrameReader reader = new FrameReader();
        List<Frame> read = new ArrayList<>();
        while (written.isReadable()) {
            int most = random.nextInt(4) == 0 ? 9 : 5000;
            ByteBuf piece = Unpooled.copiedBuffer(
                    written.readSlice(Math.min(written.readableBytes(), 1 + random.nextInt(most))));
            boolean[] joins = {!reader.betweenFrames()};
            reader.read(piece, frame -> {
                if (frame instanceof Frame.Data data) {
                    read.add(join(joins[0] ? read : List.of(), data));
                } else {
                    read.add(frame);
                }
                joins[0] = false;
            });
            piece.release();
            assertEquals(0, piece.refCnt(), "a payload was not released");
        }
        assertTrue(reader.betweenFrames());
        reader.close();
        return read;
    }

    /** The frame with a payload of its own; behind the last one read, when it goes on with that. */
    private static Frame.Data join(List<Frame> read, Frame.Data data) {
        ByteBuf joined = Unpooled.buffer();
        boolean goesOn = !read.isEmpty()
                && read.get(read.size() - 1) instanceof Frame.Data last
                && last.streamId() == data.streamId();
        if (goesOn) {
            joined.writeBytes(((Frame.Data) read.remove(read.size() - 1)).payload());
        }
        joined.writeBytes(data.payload());
        data.payload().release();
        return new Frame.Data(data.streamId(), joined);
    }

    /** What the wire makes of a frame: a detail has its bound. */
    private static Frame cut(Frame frame) {
        if (frame instanceof Frame.Reset reset) {
            return new Frame.Reset(reset.streamId(), reset.reason(), reset.deliveredBytes(), cutDetail(reset.detail()));
        } else if (frame instanceof Frame.GoAway goAway) {
            return new Frame.GoAway(
                    goAway.reason(), goAway.lastStreamId(), goAway.delivered(), cutDetail(goAway.detail()));
        }
        return frame;
    }

    private static String cutDetail(String detail) {
        String cut = detail;
        while (ByteBufUtil.utf8Bytes(cut) > Frame.Reset.MAX_DETAIL_BYTES) {
            cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
        }
        return cut;
    }
}
