package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SharedTextsTest {
    private final SharedTexts texts = new SharedTexts();

    @Test
    void aTextThatComesAgainIsTheEarlierOne() {
        String first = texts.oneOf(text("lane", 1));

        assertSame(first, texts.oneOf(text("lane", 1)));
        assertEquals("lane-2", texts.oneOf(text("lane", 2)));
    }

    @Test
    void longTextsAreNotKept() {
        String lng = "x".repeat(10_000);

        assertSame(lng, texts.oneOf(lng));
        assertNotSame(lng, texts.oneOf("x".repeat(10_000)));
    }

    @Test
    void howeverManyTextsComeEachIsItself() {
        for (int i = 0; i < 100_000; i++) {
            assertEquals("lane-" + i, texts.oneOf(text("lane", i)));
        }
    }

    @Test
    void namesOfOneAgentHaveItsLaneOnce() throws IOException {
        Claim one = decoded("shop").claims().iterator().next();
        Claim other = decoded("blog").claims().iterator().next();

        assertEquals("lane-1", one.lane());
        assertSame(one.lane(), other.lane());
        assertSame(one.instance(), other.instance());
        assertSame(one.node(), other.node());
    }

    private static Tunnel decoded(String name) throws IOException {
        Claim claim = new Claim("node-1", "lane-1", "agent-1");
        Tunnel tunnel = new Tunnel(Requests.host(name), "ann", 1, "http", Requests.ALONE, Set.of(claim), 0);
        return TunnelCodec.decode(TunnelCodec.encode(tunnel, 1)).tunnel();
    }

    /** A new object each time, as one that was read. */
    private static String text(String word, int number) {
        return word + "-" + number;
    }
}
