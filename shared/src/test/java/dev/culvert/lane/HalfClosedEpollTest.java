package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HalfClosedEpollTest {
    /** More than the kernel takes at once, several times over. */
    private static final int PIECE_BYTES = 4 * 1024 * 1024;

    private static final int PIECES = 8;

    @Test
    void peerWhoEndedItsDirectionGetsMoreThanTheKernelTakesAtOnce() throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        try {
            NetServer server = vertx.createNetServer(new NetServerOptions())
                    .connectHandler(socket -> Sockets.takeOver(socket, new AnswersAtTheEnd()))
                    .listen(0, "127.0.0.1")
                    .await(10, TimeUnit.SECONDS);
            try (Socket peer = new Socket()) {
                peer.setReceiveBufferSize(4096);
                peer.setSoTimeout(10_000);
                peer.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), server.actualPort()));

                peer.shutdownOutput();

                for (int piece = 1; piece <= PIECES; piece++) {
                    int read = peer.getInputStream().readNBytes(PIECE_BYTES).length;
                    assertEquals(PIECE_BYTES, read, "of piece " + piece);
                }
                assertEquals(-1, peer.getInputStream().read());
            }
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void peerAtAUnixSocketWhoEndedItsDirectionGetsAllToo(@TempDir Path folder) throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        Path path = folder.resolve("socket");
        try {
            vertx.createNetServer()
                    .connectHandler(socket -> Sockets.takeOver(socket, new AnswersAtTheEnd()))
                    .listen(SocketAddress.domainSocketAddress(path.toString()))
                    .await(10, TimeUnit.SECONDS);
            try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                peer.shutdownOutput();

                long read = 0;
                ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
                for (int now = 0; now >= 0; now = peer.read(buffer.clear())) {
                    read += now;
                }
                assertEquals((long) PIECES * PIECE_BYTES, read);
            }
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void peerWhoEndsItsDirectionAndThenResetsIsNoticedThoughNothingIsWritten() throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        try {
            CompletableFuture<Channel> accepted = new CompletableFuture<>();
            CompletableFuture<Void> halfClosed = new CompletableFuture<>();
            NetServer server = vertx.createNetServer()
                    .connectHandler(socket -> accepted.complete(Sockets.takeOver(
                            socket, new HalfClosedEpoll(Duration.ofMillis(10)), new Tells(halfClosed))))
                    .listen(0, "127.0.0.1")
                    .await(10, TimeUnit.SECONDS);
            try (Socket peer = new Socket("127.0.0.1", server.actualPort())) {
                peer.shutdownOutput();
                halfClosed.get(10, TimeUnit.SECONDS);
                assertTrue(accepted.get(10, TimeUnit.SECONDS).isOpen());
                peer.setSoLinger(true, 0);
            }

            assertTrue(accepted.get().closeFuture().await(10, TimeUnit.SECONDS), "noticed");
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    private static final class Tells extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Void> halfClosed;

        Tells(CompletableFuture<Void> halfClosed) {
            this.halfClosed = halfClosed;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                halfClosed.complete(null);
            }
        }
    }

    /** Writes piece after piece, each when the one before has left, so that nothing waits in between. */
    private static final class AnswersAtTheEnd extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                write(context.channel(), PIECES);
            }
        }

        private static void write(Channel channel, int left) {
            if (left == 0) {
                channel.close();
                return;
            }
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[PIECE_BYTES])).addListener(written -> {
                if (written.isSuccess()) {
                    // Not from inside the write: the socket is at rest in between.
                    channel.eventLoop().execute(() -> write(channel, left - 1));
                }
            });
        }
    }
}
