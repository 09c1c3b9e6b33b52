package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LocalCopyTest {
    private static final long NAME_BYTES =
            NameRoom.bytesMore(Requests.request("any", "ann", new Claim("node-1", "lane-1", "agent-1")), null);

    private final NameRoom room = new NameRoom(6 * NAME_BYTES);
    private final LocalCopy copy = new LocalCopy(room);

    @Test
    void aRebuildTakesWhatIsReadAndDropsTheRest() {
        StoredTunnel shop = stored("shop", 1);
        copy.put(shop);
        copy.put(stored("gone", 1));
        copy.put(stored("blog", 2));

        LocalCopy.Rebuild rebuild = copy.rebuild();
        rebuild.add(List.of(stored("shop", 1), stored("blog", 1)));
        rebuild.add(List.of(stored("wiki", 1)));
        rebuild.finish();

        assertSame(shop, copy.get(Requests.host("shop")), "the same again is not kept twice");
        assertEquals(stored("blog", 1), copy.get(Requests.host("blog")));
        assertEquals(stored("wiki", 1), copy.get(Requests.host("wiki")));
        assertNull(copy.get(Requests.host("gone")));
    }

    @Test
    void whatIsHeardWhileTheMapIsReadIsNewer() {
        copy.put(stored("ended", 1));
        LocalCopy.Rebuild rebuild = copy.rebuild();
        copy.put(stored("shop", 2));
        copy.put(stored("new", 1));
        copy.remove(stored("ended", 1)); // After its part was read, and before that comes here.
        rebuild.add(List.of(stored("shop", 1), stored("ended", 1)));
        rebuild.add(List.of(stored("wiki", 1)));
        copy.put(stored("wiki", 2));
        rebuild.finish();

        assertEquals(stored("shop", 2), copy.get(Requests.host("shop")));
        assertEquals(stored("wiki", 2), copy.get(Requests.host("wiki")));
        assertEquals(stored("new", 1), copy.get(Requests.host("new")));
        assertNull(copy.get(Requests.host("ended")));
    }

    @Test
    void theRoomIsToldWhatComesAndGoes() {
        copy.put(stored("shop", 1));
        copy.put(stored("shop", 2));
        copy.put(stored("shop", 1));
        copy.put(stored("gone", 1));
        copy.put(stored("ended", 1));
        assertEquals(NameRoom.Verdict.OWNER_FULL, room.take("ann", 1), "three of three");

        copy.remove(stored("gone", 1));
        copy.remove(stored("gone", 1));
        copy.remove(Requests.host("ended"), stored("ended", 1));
        LocalCopy.Rebuild rebuild = copy.rebuild();
        rebuild.add(List.of(stored("blog", 1)));
        copy.put(stored("wiki", 1));
        rebuild.finish(); // There is no shop.

        assertEquals(NameRoom.Verdict.HAS_ROOM, room.take("ann", NAME_BYTES), "two of three");
        assertEquals(NameRoom.Verdict.OWNER_FULL, room.take("ann", 1));
    }

    private static StoredTunnel stored(String name, long revision) {
        Claim claim = new Claim("node-1", "lane-1", "agent-1");
        return new StoredTunnel(
                new Tunnel(Requests.host(name), "ann", 1, "http", Requests.ALONE, Set.of(claim), 0), revision);
    }
}
