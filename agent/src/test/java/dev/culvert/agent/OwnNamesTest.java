package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

class OwnNamesTest {
    private static final TunnelOptions WEB = TunnelOptions.http(3000);
    private static final TunnelOptions PORT = TunnelOptions.tcp(22);

    private final OwnNames names = new OwnNames();

    @Test
    void nameThatIsAskedForIsOneTunnelsUntilItEnds() {
        assertTrue(names.enter(1, WEB.withName("shop")));
        assertFalse(names.enter(2, TunnelOptions.tls(443).withName("shop")));

        names.release(1);

        assertTrue(names.enter(3, WEB.withName("shop")));
    }

    @Test
    void portIsNoName() {
        assertTrue(names.enter(1, WEB.withName("2222")));
        assertTrue(names.enter(2, PORT.withRemotePort(2222)));

        assertEquals(Set.of("2222"), names.taken(TunnelOptions.Kind.TCP));
    }

    @Test
    void rememberedNameIsReservedForOneTunnel() {
        assertTrue(names.enter(1, WEB));
        assertTrue(names.enter(2, WEB));

        assertTrue(names.reserve(1, "swift-otter"));
        assertFalse(names.reserve(2, "swift-otter"));

        assertEquals(Set.of("swift-otter"), names.taken(TunnelOptions.Kind.TLS));
    }

    @Test
    void nothingIsReservedForATunnelThatHasEnded() {
        assertTrue(names.enter(1, WEB));
        names.release(1);

        assertFalse(names.reserve(1, "swift-otter"));

        assertEquals(Set.of(), names.taken(TunnelOptions.Kind.HTTP));
    }

    @Test
    void nameThatATunnelGoesOnWithoutIsFree() {
        assertTrue(names.enter(1, WEB));
        assertTrue(names.reserve(1, "swift-otter"));

        names.drop(1, "swift-otter");
        names.granted(1, "calm-heron");

        assertEquals(Set.of("calm-heron"), names.taken(TunnelOptions.Kind.HTTP));
    }

    @Test
    void purposeIsTheTargetAndWhichOfItsTunnels() {
        assertTrue(names.enter(1, WEB));
        assertTrue(names.enter(2, WEB));
        assertTrue(names.enter(3, WEB.withName("shop")));

        assertEquals("http://127.0.0.1:3000", names.purposeFor(1));
        assertEquals("http://127.0.0.1:3000 2", names.purposeFor(2));
        assertEquals("http://127.0.0.1:3000", names.purposeFor(3));
        names.release(1);
        assertTrue(names.enter(4, WEB));
        assertEquals("http://127.0.0.1:3000", names.purposeFor(4));
    }
}
