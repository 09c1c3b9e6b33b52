package dev.culvert.wire;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Any bytes, cut anywhere, are frames or malformed, and nothing else; what is read can be written and read again. */
class FrameReaderFuzz {
    @FuzzTest(maxDuration = "10s")
    void anyBytesAreFramesOrMalformed(FuzzedDataProvider data) {
        long seed = data.consumeLong();
        ByteBuf bytes = Unpooled.wrappedBuffer(data.consumeRemainingAsBytes());
        Random cuts = new Random(seed);
        FrameReader reader = new FrameReader();
        List<Frame> frames = new ArrayList<>();
        try {
            while (bytes.isReadable()) {
                int most = 1 + cuts.nextInt(bytes.readableBytes());
                reader.read(bytes.readSlice(most), frames::add);
            }
        } catch (MalformedFrameException expected) {
            // Of these bytes; what came before was whole.
        } finally {
            reader.close();
        }
        frames.forEach(FrameReaderFuzz::readsTheSameAgain);
        if (bytes.refCnt() != 1) {
            throw new AssertionError("a buffer was kept, or released too often: " + bytes.refCnt());
        }
    }

    private static void readsTheSameAgain(Frame frame) {
        if (frame instanceof Frame.Data data) {
            data.payload().release();
            return;
        }
        // Text is cut when it is written, and other bytes than UTF-8 are replaced: from the second time on it is
        // stable.
        Frame once = FrameRoundTripTest.roundTrip(frame);
        Frame twice = FrameRoundTripTest.roundTrip(once);
        if (!once.equals(twice) || once.streamId() != frame.streamId() || once.getClass() != frame.getClass()) {
            throw new AssertionError("%s became %s, then %s".formatted(frame, once, twice));
        }
    }
}
