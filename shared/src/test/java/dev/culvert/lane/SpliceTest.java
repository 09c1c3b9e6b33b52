package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.vertx.core.net.NetClient;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A stream of the peer's, joined to a plain socket of a target, as an agent does it. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class SpliceTest {
    private final LaneBench bench = new LaneBench();
    private final CompletableFuture<long[]> ended = new CompletableFuture<>();
    /** Kept: Vert.x closes the sockets of a client that the garbage collector has taken. */
    private final NetClient client = bench.vertx.createNetClient();

    private ServerSocket door;

    @BeforeEach
    void listen() throws IOException {
        door = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
        door.setSoTimeout(10_000);
        door.setReceiveBufferSize(64 * 1024);
        bench.onStream(this::dial);
    }

    @AfterEach
    void close() throws IOException {
        door.close();
        bench.close();
    }

    private void dial(StreamRecorder stream) {
        client.connect(door.getLocalPort(), "127.0.0.1").onSuccess(socket -> {
            Channel channel = Sockets.takeOver(socket);
            channel.config().setAutoClose(false);
            Splice.join(
                    stream.stream,
                    channel,
                    CloseReason.TARGET_FAILED,
                    (bytesIn, bytesOut) -> ended.complete(new long[] {bytesIn, bytesOut}));
        });
    }

    private Socket target() throws IOException {
        Socket target = door.accept();
        target.setSoTimeout(10_000);
        return target;
    }

    private static String read(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
    }

    @Test
    void bytesAndHalfClosesGoBothWaysVisitorFirst() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();

        run.peer().sendText(1, "question").send(new Frame.Fin(1, 0));
        assertEquals("question", read(target, 8));
        assertEquals(-1, target.getInputStream().read());
        target.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
        target.close();

        assertEquals("answer", run.peer().expectText(1, 6));
        assertEquals(8, run.peer().await(Frame.Fin.class).deliveredBytes());
        assertArrayEquals(new long[] {6, 8}, ended.get(10, TimeUnit.SECONDS));
        run.settle();
        assertEquals(0, run.lane().load());
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void bytesAndHalfClosesGoBothWaysTargetFirst() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();

        target.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
        target.shutdownOutput();
        assertEquals("hello", run.peer().expectText(1, 5));
        run.peer().expect(Frame.Fin.class);
        byte[] much = new byte[60_000];
        run.peer().send(new Frame.Data(1, Unpooled.wrappedBuffer(much)), new Frame.Fin(1, 5));

        assertEquals(60_000, target.getInputStream().readAllBytes().length);
        assertArrayEquals(new long[] {5, 60_000}, ended.get(10, TimeUnit.SECONDS));
    }

    @Test
    void whatIsQueuedIsSentThoughTheTargetFinishedMeanwhile() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();
        int sent = 0;
        // As much as the window and the sockets take, while the target reads nothing.
        run.peer().send(new Frame.Data(1, Unpooled.wrappedBuffer(new byte[64 * 1024])));
        sent += 64 * 1024;
        for (int i = 0; i < 200; i++) {
            run.peer().send(new Frame.Ping(i));
            Frame frame = run.peer().expect(Frame.class);
            while (frame instanceof Frame.Credit credit) {
                int bytes = Math.min(credit.bytes(), 64 * 1024);
                run.peer().send(new Frame.Data(1, Unpooled.wrappedBuffer(new byte[bytes])));
                sent += bytes;
                frame = run.peer().expect(Frame.class);
            }
        }
        run.peer().send(new Frame.Fin(1, 0));
        run.settleAnyhow();
        target.shutdownOutput();
        run.peer().await(Frame.Fin.class);

        assertEquals(sent, target.getInputStream().readAllBytes().length);
        assertEquals(sent, ended.get(10, TimeUnit.SECONDS)[1]);
    }

    @Test
    void aTargetThatClosesAtOnceFinishesTheStream() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);

        target().close();

        run.peer().expect(Frame.Fin.class);
        run.peer().send(new Frame.Fin(1, 0));
        ended.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aTargetThatBreaksResetsTheStream() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();
        run.peer().sendText(1, "12345");
        assertEquals("12345", read(target, 5));

        target.setSoLinger(true, 0);
        target.close();

        Frame.Reset reset = run.peer().expect(Frame.Reset.class);
        assertEquals(CloseReason.TARGET_FAILED, reset.reason());
        assertEquals(5, reset.deliveredBytes());
        ended.get(10, TimeUnit.SECONDS);
    }

    @Test
    void answerOfATargetThatClosesBeforeItHasTakenAllArrivesBeforeTheReset() throws Exception {
        LaneBench.Run run = bench.start();
        // Several times: what the kernel tells first is chance.
        for (int id = 1; id < 10; id += 2) {
            run.accept(id);
            try (Socket target = target()) {
                fill(run, id);
                target.getOutputStream().write("refused".getBytes(StandardCharsets.UTF_8));
            } // With bytes unread: the kernel resets.

            assertEquals("refused", run.peer().expectText(id, 7));
            assertEquals(
                    CloseReason.TARGET_FAILED,
                    run.peer().await(Frame.Reset.class).reason());
        }
    }

    /** Sends as much as the window and the sockets take, while the target reads nothing. */
    private static void fill(LaneBench.Run run, int id) {
        int granted = 64 * 1024;
        Frame.Ping ping = new Frame.Ping(1);
        while (granted > 0) {
            int bytes = Math.min(granted, 64 * 1024);
            run.peer().send(new Frame.Data(id, Unpooled.wrappedBuffer(new byte[bytes])), ping);
            granted -= bytes;
            Frame frame = run.peer().expect(Frame.class);
            while (frame instanceof Frame.Credit credit) {
                granted += credit.bytes();
                frame = run.peer().expect(Frame.class);
            }
        }
    }

    @Test
    void aStreamThatIsResetShowsAtTheTargetAsAReset() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();
        run.peer().sendText(1, "12345");
        assertEquals("12345", read(target, 5));

        run.peer().send(new Frame.Reset(1, CloseReason.CANCELLED, 0, "left"));

        assertThrows(IOException.class, () -> target.getInputStream().read());
        ended.get(10, TimeUnit.SECONDS);
        run.settle();
    }

    @Test
    void aTargetThatReadsNothingHoldsAWindowAtMost() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();
        long granted = 64 * 1024;
        long sent = 0;
        Frame.Ping ping = new Frame.Ping(1);
        while (sent < 16L * 1024 * 1024) {
            int bytes = (int) Math.min(granted - sent, 64 * 1024);
            if (bytes > 0) {
                run.peer().send(new Frame.Data(1, Unpooled.wrappedBuffer(new byte[bytes])));
                sent += bytes;
            }
            run.peer().send(ping);
            Frame frame = run.peer().expect(Frame.class);
            boolean more = false;
            while (frame instanceof Frame.Credit credit) {
                granted += credit.bytes();
                more = true;
                frame = run.peer().expect(Frame.class);
            }
            if (bytes == 0 && !more) {
                break;
            }
        }

        assertTrue(sent < 16L * 1024 * 1024, "no end to it");
        target.close();
        run.peer().await(Frame.Reset.class);
    }

    @Test
    void aSocketThatIsClosedBeforeItIsJoinedResetsTheStream() throws Exception {
        bench.onStream(
                stream -> client.connect(door.getLocalPort(), "127.0.0.1").onSuccess(socket -> {
                    Channel channel = Sockets.takeOver(socket);
                    channel.close()
                            .addListener(closed -> Splice.join(
                                    stream.stream,
                                    channel,
                                    CloseReason.TARGET_FAILED,
                                    (bytesIn, bytesOut) -> ended.complete(new long[] {bytesIn, bytesOut})));
                }));
        LaneBench.Run run = bench.start();
        run.accept(1);
        run.peer().sendText(1, "early");

        assertEquals(
                CloseReason.TARGET_FAILED, run.peer().expect(Frame.Reset.class).reason());
        ended.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aSocketWhoseInputEndedBeforeItIsJoinedFinishesTheStream() throws Exception {
        bench.onStream(
                stream -> client.connect(door.getLocalPort(), "127.0.0.1").onSuccess(socket -> {
                    Channel channel = Sockets.takeOver(socket);
                    joinWhenInputEnded(stream, channel);
                }));
        LaneBench.Run run = bench.start();
        run.accept(1);

        Socket target = target();
        target.shutdownOutput();

        run.peer().expect(Frame.Fin.class);
        run.peer().sendText(1, "still open").send(new Frame.Fin(1, 0));
        assertEquals("still open", read(target, 10));
    }

    private void joinWhenInputEnded(StreamRecorder stream, Channel channel) {
        if (((io.netty.channel.socket.DuplexChannel) channel).isInputShutdown()) {
            Splice.join(stream.stream, channel, CloseReason.TARGET_FAILED, (bytesIn, bytesOut) -> {});
        } else {
            channel.eventLoop().schedule(() -> joinWhenInputEnded(stream, channel), 5, TimeUnit.MILLISECONDS);
        }
    }

    @Test
    void manyBytesGoBothWaysUnharmed() throws Exception {
        int total = 64 * 1024 * 1024;
        LaneBench.Run run = bench.start();
        run.accept(1);
        Socket target = target();
        CompletableFuture<byte[]> atTarget = CompletableFuture.supplyAsync(() -> digest(target));
        CompletableFuture<byte[]> fromTarget = CompletableFuture.supplyAsync(() -> send(target, total));

        byte[] block = new byte[32 * 1024];
        Random random = new Random(11);
        MessageDigest sentHere = MessageDigest.getInstance("SHA-256");
        MessageDigest receivedHere = MessageDigest.getInstance("SHA-256");
        long credit = 64 * 1024;
        int sent = 0;
        int received = 0;
        boolean finished = false;
        while (sent < total || received < total || !finished) {
            while (sent < total && credit >= block.length) {
                random.nextBytes(block);
                sentHere.update(block);
                run.peer().send(new Frame.Data(1, Unpooled.copiedBuffer(block)));
                sent += block.length;
                credit -= block.length;
                if (sent == total) {
                    run.peer().send(new Frame.Fin(1, 0));
                }
            }
            if (sent == total && received == total && finished) {
                break;
            }
            Frame frame = run.peer().expect(Frame.class);
            if (frame instanceof Frame.Credit more) {
                credit += more.bytes();
            } else if (frame instanceof Frame.Data data) {
                int bytes = data.payload().readableBytes();
                receivedHere.update(data.payload().nioBuffer());
                received += bytes;
                run.peer().send(new Frame.Credit(1, bytes));
            } else if (frame instanceof Frame.Fin) {
                finished = true;
            } else {
                throw new AssertionError("got " + frame);
            }
        }

        assertArrayEquals(sentHere.digest(), atTarget.get(30, TimeUnit.SECONDS));
        assertArrayEquals(fromTarget.get(30, TimeUnit.SECONDS), receivedHere.digest());
        assertArrayEquals(new long[] {total, total}, ended.get(10, TimeUnit.SECONDS));
    }

    private static byte[] digest(Socket socket) {
        try {
            // Not closed: the other direction may still be under way.
            DigestInputStream in = new DigestInputStream(socket.getInputStream(), MessageDigest.getInstance("SHA-256"));
            in.transferTo(OutputStream.nullOutputStream());
            return in.getMessageDigest().digest();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] send(Socket socket, int total) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] block = new byte[64 * 1024];
            Random random = new Random(13);
            for (int sent = 0; sent < total; sent += block.length) {
                random.nextBytes(block);
                digest.update(block);
                socket.getOutputStream().write(block);
            }
            socket.shutdownOutput();
            return digest.digest();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aTargetsFloodStopsAtTheLanesCredit() throws Exception {
        LaneBench.Run run = bench.start();
        run.peer().send(new Frame.Open(1, LaneBench.REQUEST, 1000, 64 * 1024));
        StreamRecorder stream = run.handler().nextStream();
        Socket target = target();
        CompletableFuture<byte[]> flood = CompletableFuture.supplyAsync(() -> send(target, 32 * 1024 * 1024));

        run.peer().expectText(1, 1000);
        run.peer().expectNothingFor(Duration.ofMillis(300));

        assertTrue(!flood.isDone(), "32 MiB went somewhere");
        assertTrue(!stream.isWritable());
        run.peer().send(new Frame.Reset(1, CloseReason.CANCELLED, 0, ""));
        assertThrows(Exception.class, () -> flood.get(10, TimeUnit.SECONDS));
    }
}
