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
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Set<Integer> taken = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<SocketPool> over = new CompletableFuture<>();

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    private SocketPool open(String client, PortRange ports, Duration grace) throws Exception {
        DataPort.Place place = new DataPort.Place(vertx, List.of("127.0.0.1"), ports);
        return SocketPool.open(InetAddress.getByName(client), place, taken, context, grace, over::complete)
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

    @Test
    void connectionFromElsewhereServesNobodyAndIsClosedAfterAWhile() throws Exception {
        SocketPool pool = open("203.0.113.7");
        try (Socket stranger = connect(pool)) {
            assertEquals(CloseReason.NOT_HELD, refusal(pool));

            assertEquals(0, pool.connected());
            assertThrows(IOException.class, () -> stranger.getInputStream().read(), "it is reset");
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
        }
        SocketPool forgotten = open("127.0.0.1");

        forgotten.expect(Duration.ofMillis(1));

        assertEquals(forgotten, over.get(10, TimeUnit.SECONDS));
    }

    @Test
    void portsComeOutOfTheRangeAndGoBackIntoIt() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        PortRange one = new PortRange(port, port);
        SocketPool pool = open("127.0.0.1", one, Duration.ofSeconds(60));
        assertEquals(port, pool.port());

        Exception full = assertThrows(Exception.class, () -> open("127.0.0.1", one, Duration.ofSeconds(60)));
        assertTrue(full.getMessage().contains("in use"), full.getMessage());

        pool.close();
        await().until(taken::isEmpty);
        assertEquals(port, open("127.0.0.1", one, Duration.ofSeconds(60)).port());
    }
}
