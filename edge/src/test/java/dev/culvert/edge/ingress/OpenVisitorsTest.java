package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.local.LocalChannel;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who has to go when there is no room. */
class OpenVisitorsTest {
    private final EventLoop loop = new DefaultEventLoop();
    private final EventLoop other = new DefaultEventLoop();

    /** Of these at most three are closed at a time. */
    private final OpenVisitors visitors = new OpenVisitors(128);

    @AfterEach
    void stop() {
        loop.shutdownGracefully();
        other.shutdownGracefully();
    }

    @Test
    void theLongestIdleGo() {
        Channel inUse = visitor(loop, Duration.ofNanos(-1));
        Channel short5 = visitor(loop, Duration.ofSeconds(5));
        Channel long9 = visitor(loop, Duration.ofSeconds(9));
        Channel long8 = visitor(loop, Duration.ofSeconds(8));
        Channel long7 = visitor(loop, Duration.ofSeconds(7));

        assertEquals(List.of(long9, long8, long7), visitors.makeRoom(loop));

        assertFalse(long9.isOpen() || long8.isOpen() || long7.isOpen());
        assertTrue(short5.isOpen() && inUse.isOpen());
        assertEquals(2, visitors.count());
    }

    @Test
    void whoAsksMoreOftenThanOnceASecondIsNotIdle() {
        visitor(loop, Duration.ofMillis(999));

        assertEquals(List.of(), visitors.makeRoom(loop));
    }

    @Test
    void otherEventLoopsKeepTheirOwn() {
        Channel elsewhere = visitor(other, Duration.ofSeconds(70));
        Channel here = visitor(loop, Duration.ofSeconds(2));

        assertEquals(List.of(here), visitors.makeRoom(loop));
        assertTrue(elsewhere.isOpen());
    }

    @Test
    void whoHasNotTakenItsAnswerIsNotIdle() throws Exception {
        Channel reading = visitor(loop, Duration.ofSeconds(70));
        loop.submit(() -> reading.write("a part of the answer")).sync();

        assertEquals(List.of(), visitors.makeRoom(loop));
    }

    @Test
    void whoComesWhileAllAreServedIsClosed() throws Exception {
        try (Door door = Door.open(2)) {
            door.visitor().send(Door.get("/1"));
            door.carriers.awaitStream().awaitHead();
            door.visitor().send(Door.get("/2"));
            door.carriers.awaitStream().awaitHead();

            assertEquals("", door.visitor().awaitEnd());

            assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.FULL));
            assertEquals(0, door.traffic.doorRefusals().of(DoorRefusal.IDLE));
        }
    }

    @Test
    void whoComesWhileOneIsIdleIsServed() throws Exception {
        try (Door door = Door.open(2)) {
            RawVisitor served = door.visitor().send(Door.get("/1"));
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            RawVisitor idle = door.visitor().send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");
            assertEquals(404, idle.awaitAnswer().status());

            // It counts as idle after a second; until then who comes is closed
            await().ignoreExceptions().until(() -> door.visitor()
                    .send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\nConnection: close\r\n\r\n")
                    .awaitEnd()
                    .startsWith("HTTP/1.1 404"));

            assertEquals("", idle.awaitEnd());
            assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.IDLE));
            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            assertEquals("ok", served.awaitAnswer().body());
        }
    }

    private Channel visitor(EventLoop of, Duration idle) {
        Channel channel = new LocalChannel();
        of.register(channel).syncUninterruptibly();
        visitors.add(channel, new OpenVisitors.Connection() {
            @Override
            public long idleNanos(long now) {
                return idle.toNanos();
            }

            @Override
            public void giveWay() {
                channel.close().syncUninterruptibly();
            }

            @Override
            public void drain() {}

            @Override
            public void retireStreams() {}
        });
        return channel;
    }
}
