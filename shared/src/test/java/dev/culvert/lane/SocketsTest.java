package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SocketsTest {
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));

    @AfterEach
    void close() throws Exception {
        vertx.close().await();
    }

    @Test
    void nextLoopIsAnotherThanTheOneBeforeIt() {
        Context home = vertx.getOrCreateContext();

        Context next = Sockets.nextLoop(vertx);

        assertNotSame(Sockets.eventLoopOf(home), Sockets.eventLoopOf(next));
        assertSame(Sockets.eventLoopOf(home), Sockets.eventLoopOf(Sockets.nextLoop(vertx)));
    }
}
