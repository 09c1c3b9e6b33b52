package dev.culvert.edge.lanes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.wire.CloseReason;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NewcomersTest {
    private final CloseCounts closes = new CloseCounts();
    private final Newcomers newcomers = new Newcomers(closes);

    @Test
    void beyondTheBoundTheOldestGoes() {
        EmbeddedChannel[] channels = IntStream.rangeClosed(0, Newcomers.MOST)
                .mapToObj(i -> arrived())
                .toArray(EmbeddedChannel[]::new);

        assertFalse(channels[0].isOpen());
        assertTrue(channels[1].isOpen());
        assertEquals(Newcomers.MOST, newcomers.count());
        assertEquals(1, closes.of(CloseReason.OVERLOADED));

        channels[1].close(); // Who leaves makes room.
        newcomers.remove(channels[2]); // So does who has said what it is.
        arrived();
        arrived();
        assertTrue(channels[2].isOpen());
        assertTrue(channels[3].isOpen());
        assertEquals(Newcomers.MOST, newcomers.count());
    }

    @Test
    void whoGoesOnToAnotherHandlerKeepsItsPlace() {
        EmbeddedChannel first = arrived();
        IntStream.range(1, Newcomers.MOST).forEach(i -> arrived());
        newcomers.add(first);

        arrived();

        assertFalse(first.isOpen());
    }

    private EmbeddedChannel arrived() {
        EmbeddedChannel channel = new EmbeddedChannel();
        newcomers.add(channel);
        return channel;
    }
}
