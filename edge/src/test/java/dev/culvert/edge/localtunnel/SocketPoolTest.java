package dev.culvert.edge.localtunnel;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.PortRange;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SocketPoolTest {
    private static final StreamRequest REQUEST =
            new StreamRequest("host:a.example.com", StreamRequest.Kind.HTTP, "192.0.2.1:9", 0, 0);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final Context context = vertx.getOrCreateContext();
    private final CompletableFuture<SocketPool> over = new CompletableFuture<>();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    private SocketPool open(String client, PortRange ports, Duration grace) throws Exception {
        return open(client, ports, new PortNumbers(ports), grace);
    }

    private SocketPool open(String client, PortRange ports, PortNumbers numbers, Duration grace) throws Exception {
        DataPort.Place place = new DataPort.Place(vertx, List.of("127.0.0.1"), ports);
        return SocketPool.open(InetAddress.getByName(client), place, numbers, context, grace, new Heard())
                .await(10, TimeUnit.SECONDS);
    }

    private SocketPool open(String client) throws Exception {
        return open(client, PortRange.OFF, Duration.ofSeconds(60));
    }

    private static Socket connect(SocketPool pool) throws IOException {
        Socket socket = new Socket("127.0.0.1", pool.port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private CloseReason refusal(SocketPool pool) {
        EventLoop loop = Sockets.eventLoopOf(context);
        CompletableFuture<TunnelStream> opened = new CompletableFuture<>();
        loop.execute(() -> pool.open(REQUEST, loop).onComplete(opened::complete, opened::completeExceptionally));
        Exception fault = assertThrows(Exception.class, () -> opened.get(20, TimeUnit.SECONDS));
        return ((StreamClosedException) fault.getCause()).reset().reason();
    }

    private final class Heard implements SocketPool.Events {
        @Override
        public void onDeserted(SocketPool pool) {
            told.add("deserted");
        }

        @Override
        public void onBack(SocketPool pool) {
            told.add("back");
        }

        @Override
        public void onOver(SocketPool pool) {
            over.complete(pool);
        }
    }

    private CompletableFuture<TunnelStream> visit(SocketPool pool) {
        EventLoop loop = Sockets.eventLoopOf(context);
        CompletableFuture<TunnelStream> opened = new CompletableFuture<>();
        loop.execute(() -> pool.open(REQUEST, loop).onComplete(opened::complete, opened::completeExceptionally));
        return opened;
    }

    @Test
    void visitorWhoLeavesBeforeItsSocketComesCostsTheClientNone() throws Exception {
        SocketPool pool = open("127.0.0.1");
        CompletableFuture<Void> left = visit(pool).thenAccept(late -> late.reset(CloseReason.CANCELLED, "it left"));
        CompletableFuture<TunnelStream> next = visit(pool);

        try (Socket only = connect(pool)) {
            left.get(10, TimeUnit.SECONDS);
            TunnelStream stream = next.get(10, TimeUnit.SECONDS);

            stream.eventLoop().execute(() -> stream.write(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8)));
            assertEquals("hello", new String(only.getInputStream().readNBytes(5), StandardCharsets.UTF_8));
            assertEquals(1, pool.load());
            stream.eventLoop().execute(() -> stream.reset(CloseReason.CANCELLED, "it left, too"));
            assertEquals(-1, only.getInputStream().read(), "an end, and no reset, which Node's client may not notice");
            await().until(() -> pool.load() == 0 && pool.connected() == 0);
        }
    }

    @Test
    void whoHasWaitedLongestGivesWayWhenTooManyWait() throws Exception {
        SocketPool pool = open("127.0.0.1");
        CompletableFuture<TunnelStream> first = visit(pool);
        List<CompletableFuture<TunnelStream>> others = new ArrayList<>();

        for (int i = 0; i < SocketPool.MOST_WAITING; i++) {
            others.add(visit(pool));
        }

        assertThrows(ExecutionException.class, () -> first.get(10, TimeUnit.SECONDS));
        try (Socket client = connect(pool)) {
            others.get(0).get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void clientWithoutASocketForAWhileHasDesertedAndMayComeBack() throws Exception {
        SocketPool pool = open("127.0.0.1");
        assertFalse(pool.isDesertedBy(InetAddress.getByName("127.0.0.1")), "it has not been here yet");
        connect(pool).close();
        assertEquals("deserted", told.poll(10, TimeUnit.SECONDS));
        assertTrue(pool.isDesertedBy(InetAddress.getByName("127.0.0.1")));

        try (Socket again = connect(pool)) {
            assertEquals("back", told.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void connectionFromElsewhereServesNobodyAndIsClosedAfterAWhile() throws Exception {
        SocketPool pool = open("203.0.113.7");
        try (Socket stranger = connect(pool)) {
            assertEquals(CloseReason.NOT_HELD, refusal(pool));

            assertEquals(0, pool.connected());
            assertEquals(-1, stranger.getInputStream().read());
        }
    }

    @Test
    void visitorOnAnotherEventLoopIsServedToo() throws Exception {
        SocketPool pool = open("127.0.0.1");
        EventLoop visitors = new DefaultEventLoop();
        try (Socket client = connect(pool)) {
            CompletableFuture<TunnelStream> opened = new CompletableFuture<>();
            visitors.execute(
                    () -> pool.open(REQUEST, visitors).onComplete(opened::complete, opened::completeExceptionally));

            TunnelStream stream = opened.get(10, TimeUnit.SECONDS);

            assertEquals(visitors, stream.eventLoop());
            assertEquals(1, pool.load());
            visitors.execute(() -> stream.reset(CloseReason.CANCELLED, ""));
            await().until(() -> pool.load() == 0);
        } finally {
            visitors.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        }
    }

    @Test
    void poolIsOverWhenItsClientHasBeenGoneForTheGrace() throws Exception {
        SocketPool pool = open("127.0.0.1", PortRange.OFF, Duration.ofMillis(200));
        Socket client = connect(pool);
        await().until(() -> pool.connected() == 1);
        assertFalse(over.isDone());

        client.close();

        assertEquals(pool, over.get(10, TimeUnit.SECONDS));
    }

    @Test
    void poolThatExpectsItsClientIsOverOnlyIfItDoesNotCome() throws Exception {
        SocketPool pool = open("127.0.0.1");
        try (Socket client = connect(pool)) {
            await().until(() -> pool.connected() == 1);
            pool.expect(Duration.ofMillis(1));
            visit(pool).get(10, TimeUnit.SECONDS); // By then it has been expected.
        }
        SocketPool forgotten = open("127.0.0.1");

        forgotten.expect(Duration.ofMillis(1));

        assertEquals(forgotten, over.get(10, TimeUnit.SECONDS));
    }

    @Test
    void portsComeOutOfTheRangeAndGoBackIntoIt() throws Exception {
        PortRange one = freePort();
        PortNumbers numbers = new PortNumbers(one);
        SocketPool pool = open("127.0.0.1", one, numbers, Duration.ofSeconds(60));
        assertEquals(one.first(), pool.port());

        Exception full = assertThrows(Exception.class, () -> open("127.0.0.1", one, numbers, Duration.ofSeconds(60)));
        assertEquals("all ports of this edge, %s, are in use".formatted(one), full.getMessage());

        pool.close();
        await().until(() -> !numbers.free().isEmpty());
        assertEquals(
                one.first(),
                open("127.0.0.1", one, numbers, Duration.ofSeconds(60)).port());
    }

    @Test
    void portOfAnotherProgramIsPassedOver() throws Exception {
        try (ServerSocket another = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            PortRange range = new PortRange(another.getLocalPort(), another.getLocalPort());

            assertThrows(Exception.class, () -> open("127.0.0.1", range, Duration.ofSeconds(60)));
        }
    }

    @Test
    void largeRangeIsNoTrouble() throws Exception {
        PortRange large = new PortRange(10_000, 19_999);
        assertTrue(
                large.contains(open("127.0.0.1", large, Duration.ofSeconds(60)).port()));
    }

    private static PortRange freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return new PortRange(free.getLocalPort(), free.getLocalPort());
        }
    }
}
