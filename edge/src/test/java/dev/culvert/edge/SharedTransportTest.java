package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.Sockets;
import io.netty.channel.EventLoop;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.transport.Transport;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A second Vert.x on an event loop of the first. */
@Timeout(60)
class SharedTransportTest {
    /** Vert.x closes a client that nobody holds. */
    private NetClient client;

    private Vertx first = Vertx.vertx();

    @AfterEach
    void stop() {
        Nodes.await(first.close());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void itsSocketsAreServedByThatLoopWhichOutlivesIt(boolean isNative) throws Exception {
        Transport sockets = restart(isNative);
        EventLoop loop = Sockets.eventLoopOf(first.getOrCreateContext());
        Vertx second =
                Vertx.builder().withTransport(SharedTransport.of(sockets, loop)).build();
        Promise<Boolean> served = Promise.promise();
        NetServer server = Nodes.await(second.createNetServer()
                .connectHandler(socket -> socket.handler(word -> {
                    served.tryComplete(loop.inEventLoop());
                    socket.write(word);
                }))
                .listen(0, "127.0.0.1"));

        assertEquals("hello", Nodes.await(echoed(second, server.actualPort())));
        assertTrue(Nodes.await(served.future()));

        Nodes.await(second.close());
        assertTrue(loop.submit(() -> true).get(5, TimeUnit.SECONDS), "the loop goes on");
    }

    private Future<String> echoed(Vertx vertx, int port) {
        Promise<String> echo = Promise.promise();
        client = vertx.createNetClient();
        client.connect(port, "127.0.0.1").onSuccess(socket -> ask(socket, echo));
        return echo.future();
    }

    private static void ask(NetSocket socket, Promise<String> echo) {
        socket.handler(answer -> echo.tryComplete(answer.toString()));
        socket.write(Buffer.buffer("hello"));
    }

    @Test
    void aLoopOfAnotherKindIsNotShared() {
        restart(false);
        EventLoop nio = Sockets.eventLoopOf(first.getOrCreateContext());

        assertSame(Transport.EPOLL, SharedTransport.of(Transport.EPOLL, nio));
        assertSame(Transport.NIO, SharedTransport.of(Transport.NIO, null));
    }

    @Test
    void busOfANodeWithOneEventLoopHasNoThreadOfItsOwn() {
        try (Cluster cluster = Cluster.start(0)) {
            Set<Thread> before = allOf(cluster.vertx());
            cluster.join(cluster.options().withEventLoops(1));

            Set<Thread> added = eventLoops();
            added.removeAll(before);
            assertEquals(Set.of(), added);
        }
    }

    /** Starts them all: Netty makes a thread when it is first needed. */
    private static Set<Thread> allOf(Vertx vertx) {
        for (int loop = 0; loop < VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE; loop++) {
            Nodes.await(vertx.deployVerticle(() -> new AbstractVerticle() {}, new DeploymentOptions()));
        }
        return eventLoops();
    }

    private static Set<Thread> eventLoops() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("vert.x-eventloop-thread"))
                .collect(Collectors.toSet());
    }

    private Transport restart(boolean isNative) {
        Nodes.await(first.close());
        Transport sockets = isNative ? Transport.EPOLL : Transport.NIO;
        first = Vertx.builder().withTransport(sockets).build();
        return sockets;
    }
}
