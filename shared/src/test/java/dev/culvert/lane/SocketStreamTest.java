package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A plain client of a socket that is a stream at its other end. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class SocketStreamTest {
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final BlockingQueue<TunnelStream> accepted = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final NetServer server = vertx.createNetServer()
            .connectHandler(socket -> {
                socket.closeHandler(closed::complete);
                accepted.add(SocketStream.on(Sockets.takeOver(socket), CloseReason.LANE_LOST));
            })
            .listen(0, "127.0.0.1")
            .await();
    private final Socket peer = connect();

    @AfterEach
    void close() throws Exception {
        peer.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private Socket connect() {
        try {
            Socket socket = new Socket("127.0.0.1", server.actualPort());
            socket.setSoTimeout(10_000);
            return socket;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private StreamRecorder stream() throws InterruptedException {
        return new StreamRecorder(accepted.poll(10, TimeUnit.SECONDS), LaneBench.REQUEST);
    }

    private void say(String text) throws IOException {
        peer.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private String hear(int bytes) throws IOException {
        return new String(peer.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
    }

    @Test
    void bytesAndHalfClosesGoBothWays() throws Exception {
        StreamRecorder stream = stream().listen().write("question").finish();
        assertEquals("question", hear(8));
        assertEquals(-1, peer.getInputStream().read());

        say("answer");
        peer.shutdownOutput();

        assertEquals("answer", stream.nextText(6));
        assertSame(StreamRecorder.FINISH, stream.next());
        assertEquals(0, stream.heardMore());
    }

    @Test
    void whatCameBeforeAnybodyListenedIsHeardAndThenTheEnd() throws Exception {
        StreamRecorder stream = stream();
        say("early");
        peer.shutdownOutput();
        stream.write("ready");
        assertEquals("ready", hear(5));

        stream.listen();

        assertEquals("early", stream.nextText(5));
        assertSame(StreamRecorder.FINISH, stream.next());
    }

    @Test
    void socketIsNotReadWhileTooMuchWaitsForItsListener() throws Exception {
        StreamRecorder stream = stream().listenAndHold();
        byte[] sent = new byte[32 * 1024 * 1024]; // More than the kernel and the stream hold together.
        new Random(7).nextBytes(sent);
        Thread sending = new Thread(() -> {
            try {
                peer.getOutputStream().write(sent);
                peer.shutdownOutput();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        sending.start();

        byte[] first = stream.nextBytes(LaneOptions.DEFAULT.streamWindowBytes());
        for (int turn = 0; turn < 1000; turn++) {
            assertEquals(0, stream.heardMore());
        }
        stream.consumes = true;
        stream.consumed(first.length);

        byte[] rest = stream.nextBytes(sent.length - first.length);
        assertEquals(sent[sent.length - 1], rest[rest.length - 1]);
        assertSame(StreamRecorder.FINISH, stream.next());
        sending.join();
    }

    @Test
    void peerThatBreaksOffResetsTheStreamAndNothingIsProvenUndelivered() throws Exception {
        StreamRecorder stream = stream().listen().write("question");
        hear(8);

        peer.setSoLinger(true, 0);
        peer.close();

        StreamReset reset = stream.nextReset();
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertEquals(StreamReset.UNKNOWN, reset.deliveredBytes());
        stream.write("dropped").finish().reset(CloseReason.CANCELLED);
        assertEquals(0, stream.heardMore());
    }

    @Test
    void breakBeforeAnybodyListenedIsHeardThen() throws Exception {
        StreamRecorder stream = stream();
        say("early");
        stream.write("ready");
        hear(5);
        peer.setSoLinger(true, 0);
        peer.close();
        while (stream.isWritable()) {
            Thread.onSpinWait();
        }

        stream.listen();

        assertEquals(CloseReason.LANE_LOST, stream.nextReset().reason());
    }

    @Test
    void peerSeesAResetWhenTheStreamIsReset() throws Exception {
        stream().listen().reset(CloseReason.CANCELLED);

        assertThrows(SocketException.class, () -> peer.getInputStream().read());
    }

    @Test
    void peerThatReadsNothingLosesItsSocketWhenTheStreamIsReset() throws Exception {
        StreamRecorder stream =
                stream().listen().write(new byte[16 * 1024 * 1024]); // More than the sockets between take.

        stream.reset(CloseReason.CANCELLED);

        closed.get(10, TimeUnit.SECONDS);
    }

    @Test
    void socketThatWaitedServesAgainAfterAStreamThatWasNotUsed() throws Exception {
        stream(); // That of the other peer.
        NetServer waiting = vertx.createNetServer()
                .connectHandler(socket -> offer(Sockets.takeOver(socket)))
                .listen(0, "127.0.0.1")
                .await();
        try (Socket socket = new Socket("127.0.0.1", waiting.actualPort())) {
            socket.setSoTimeout(10_000);
            stream().listen().reset(CloseReason.CANCELLED);

            StreamRecorder again = stream().listen().write("question");
            assertEquals("question", new String(socket.getInputStream().readNBytes(8), StandardCharsets.UTF_8));
            again.reset(CloseReason.CANCELLED);

            assertEquals(-1, socket.getInputStream().read(), "an end, and no reset");
        }
    }

    private void offer(Channel channel) {
        accepted.add(SocketStream.onWaiting(channel, CloseReason.LANE_LOST, () -> offer(channel)));
    }

    @Test
    void answerOfAPeerThatTakesNoMoreIsReadToItsEnd() throws Exception {
        StreamRecorder stream = stream().listen();
        byte[] answer = new byte[60_000];
        new Random(3).nextBytes(answer);
        peer.getOutputStream().write(answer);
        peer.setReceiveBufferSize(4096);

        // It closes with an upload unread, so that the kernel answers further bytes with a reset.
        stream.write(new byte[1024 * 1024]);
        peer.getInputStream().readNBytes(1);
        peer.shutdownInput();
        peer.shutdownOutput();

        assertArrayEquals(answer, stream.nextBytes(answer.length));
    }

    @Test
    void streamCrossesToAVisitorOnAnotherLoop() throws Exception {
        EventLoop visitors = new DefaultEventLoop();
        TunnelStream own = accepted.poll(10, TimeUnit.SECONDS);
        TunnelStream hop = LaneBench.on(own.eventLoop(), () -> HopStream.to(visitors, own));
        StreamRecorder stream =
                new StreamRecorder(hop, LaneBench.REQUEST).listen().write("question");
        assertSame(visitors, hop.eventLoop());
        assertEquals("question", hear(8));

        say("answer");

        assertEquals("answer", stream.nextText(6));
        visitors.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
}
