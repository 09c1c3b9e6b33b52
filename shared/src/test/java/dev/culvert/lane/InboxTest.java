package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.wire.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InboxTest {
    private static final StreamReset RESET = new StreamReset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "lost");

    private final Inbox inbox = new Inbox(ByteBufAllocator.DEFAULT);
    private final List<ByteBuf> given = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();

    @AfterEach
    void nothingIsLeft() {
        inbox.close();
        given.forEach(bytes -> assertEquals(0, bytes.refCnt()));
    }

    @Test
    void whoComesLateHearsAllInItsOrder() {
        inbox.bytes(bytes("a"));
        inbox.bytes(bytes("b"));
        inbox.finish();
        assertTrue(inbox.isFinished());
        assertFalse(inbox.isFinishHeard());

        assertTrue(inbox.listen(new Heard("1")));

        assertEquals(List.of("1 ab", "1 end"), heard);
        assertTrue(inbox.isFinishHeard());
    }

    @Test
    void whoIsThereHearsAtOnce() {
        assertTrue(inbox.listen(new Heard("1")));
        inbox.bytes(bytes("a"));
        inbox.bytes(bytes("b"));
        inbox.finish();

        assertEquals(List.of("1 a", "1 b", "1 end"), heard);
    }

    @Test
    void nothingFollowsTheEndButAReset() {
        assertTrue(inbox.listen(new Heard("1")));
        inbox.finish();
        inbox.finish();
        inbox.bytes(bytes("late"));
        inbox.reset(RESET);
        inbox.reset(RESET);

        assertEquals(List.of("1 end", "1 lost"), heard);
    }

    @Test
    void resetTakesThePlaceOfWhatWaits() {
        inbox.bytes(bytes("a"));
        inbox.finish();
        inbox.reset(RESET);
        assertTrue(inbox.isClosed());
        inbox.bytes(bytes("late"));

        assertTrue(inbox.listen(new Heard("1")));
        assertTrue(inbox.listen(new Heard("2")));

        assertEquals(List.of("1 lost"), heard);
    }

    @Test
    void closedTellsNothingAnyMore() {
        inbox.bytes(bytes("a"));
        inbox.finish();
        inbox.close();
        inbox.reset(RESET);

        assertTrue(inbox.listen(new Heard("1")));

        assertEquals(List.of(), heard);
    }

    @Test
    void listenerThatEndsItAmidWhatWaitsHearsNoMore() {
        inbox.bytes(large("a"));
        inbox.bytes(large("b"));
        inbox.finish();

        assertTrue(inbox.listen(new Heard("1") {
            @Override
            public void onBytes(ByteBuf bytes) {
                super.onBytes(bytes);
                inbox.close();
            }
        }));

        assertEquals(List.of("1 a×4096"), heard);
    }

    @Test
    void listenerThatHandsOnAmidWhatWaitsLeavesTheRestToTheNext() {
        inbox.bytes(large("a"));
        inbox.bytes(large("b"));
        inbox.finish();

        assertFalse(inbox.listen(new Heard("1") {
            @Override
            public void onBytes(ByteBuf bytes) {
                super.onBytes(bytes);
                assertTrue(inbox.listen(new Heard("2")));
            }
        }));

        assertEquals(List.of("1 a×4096", "2 b×4096", "2 end"), heard);
    }

    private ByteBuf bytes(String text) {
        ByteBuf bytes = ByteBufUtil.writeAscii(ByteBufAllocator.DEFAULT, text);
        given.add(bytes);
        return bytes;
    }

    /** Too large to be joined with what is before it. */
    private ByteBuf large(String letter) {
        return bytes(letter.repeat(4096));
    }

    private class Heard implements TunnelStream.Listener {
        private final String name;

        Heard(String name) {
            this.name = name;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            String text = bytes.toString(StandardCharsets.US_ASCII);
            bytes.release();
            heard.add(name + " " + (text.length() < 100 ? text : text.charAt(0) + "×" + text.length()));
        }

        @Override
        public void onWritable() {}

        @Override
        public void onFinish() {
            heard.add(name + " end");
        }

        @Override
        public void onReset(StreamReset reset) {
            heard.add(name + " " + reset.detail());
        }
    }
}
