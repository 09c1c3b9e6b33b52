package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.testkit.LeakFree;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakFree.class)
class WholeRecordsTest {
    /** What a record of TLS carries, with some of it for the tag and padding. */
    private static final int WHOLE = 16 * 1024;

    private final EmbeddedChannel channel = new EmbeddedChannel(new WholeRecords());

    @Test
    void whatIsWrittenBeforeAFlushLeavesAsOneBufferThatIsNoCopy() {
        write("head");
        write("x".repeat(5000));
        write("end");
        assertNull(channel.readOutbound(), "nothing leaves before the flush");

        channel.flush();

        CompositeByteBuf one = channel.readOutbound();
        assertEquals("head" + "x".repeat(5000) + "end", one.toString(StandardCharsets.US_ASCII));
        assertEquals(3, one.numComponents());
        one.release();
        assertNull(channel.readOutbound());
        channel.finishAndReleaseAll();
    }

    @Test
    void onePieceIsPassedOnAsItIs() {
        ByteBuf piece = bytes("x".repeat(100_000));

        ChannelFuture written = channel.writeAndFlush(piece);

        assertTrue(written.isSuccess());
        assertSame(piece, channel.readOutbound());
        piece.release();
        channel.finishAndReleaseAll();
    }

    @Test
    void moreThanSomeRecordsDoNotWaitForTheFlush() {
        write("x".repeat(40_000));
        assertNull(channel.readOutbound());
        write("x".repeat(40_000));

        channel.flushOutbound();

        ByteBuf one = channel.readOutbound();
        assertEquals(80_000, one.readableBytes());
        one.release();
        channel.finishAndReleaseAll();
    }

    @Test
    void whoWaitsForAPieceHearsOnceAllThatWentWithItHasLeft() {
        ChannelFuture first = channel.write(bytes("first"));
        write("x".repeat(5000));
        ChannelFuture last = channel.write(bytes("last"));
        assertFalse(first.isDone());

        channel.flush();

        assertTrue(first.isSuccess());
        assertTrue(last.isSuccess());
        channel.finishAndReleaseAll();
    }

    @Test
    void whatWasNotFlushedIsDroppedWithTheChannel() {
        ByteBuf first = bytes("first");
        ByteBuf second = bytes("second");
        ChannelFuture lost = channel.write(first);
        channel.write(second, channel.voidPromise());

        channel.close();

        assertEquals(0, first.refCnt());
        assertEquals(0, second.refCnt());
        assertInstanceOf(ClosedChannelException.class, lost.cause());
        assertNull(channel.readOutbound());
    }

    @Test
    void tlsFillsItsRecords() throws Exception {
        EmbeddedChannel server = shakenHands();
        WholeRecords.on(server);
        for (int frame = 0; frame < 3; frame++) {
            server.write(bytes("header of "), server.voidPromise());
            server.write(bytes("x".repeat(16_384)), server.voidPromise());
        }

        server.flush();

        List<Integer> records = records(server);
        assertEquals(4, records.size(), records::toString);
        assertTrue(records.subList(0, 3).stream().allMatch(length -> length >= WHOLE), records::toString);
        server.finishAndReleaseAll();
    }

    private static EmbeddedChannel shakenHands() throws Exception {
        TestAuthority.Issued issued = new TestAuthority().issue("example.com");
        SslHandler serving = SslContextBuilder.forServer(issued.key(), issued.certificate())
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3")
                .build()
                .newHandler(PooledByteBufAllocator.DEFAULT);
        SslHandler asking = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .endpointIdentificationAlgorithm(null)
                .protocols("TLSv1.3")
                .build()
                .newHandler(PooledByteBufAllocator.DEFAULT);
        EmbeddedChannel server = new EmbeddedChannel(serving);
        EmbeddedChannel client = new EmbeddedChannel(asking);
        while (carry(client, server) || carry(server, client)) {
            // Until neither has anything to say.
        }
        assertTrue(serving.handshakeFuture().isSuccess());
        assertTrue(asking.handshakeFuture().isSuccess());
        client.close();
        client.releaseOutbound();
        return server;
    }

    private static boolean carry(EmbeddedChannel from, EmbeddedChannel to) {
        boolean any = false;
        for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
            to.writeInbound(bytes);
            any = true;
        }
        return any;
    }

    /** How long the records are, each without its header. */
    private static List<Integer> records(EmbeddedChannel server) {
        List<Integer> lengths = new ArrayList<>();
        CompositeByteBuf sent = PooledByteBufAllocator.DEFAULT.compositeBuffer(100);
        for (ByteBuf bytes = server.readOutbound(); bytes != null; bytes = server.readOutbound()) {
            sent.addComponent(true, bytes);
        }
        while (sent.isReadable()) {
            int length = sent.skipBytes(3).readUnsignedShort();
            sent.skipBytes(length);
            lengths.add(length);
        }
        sent.release();
        return lengths;
    }

    private void write(String text) {
        channel.write(bytes(text), channel.voidPromise());
    }

    private static ByteBuf bytes(String text) {
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer();
        bytes.writeCharSequence(text, StandardCharsets.US_ASCII);
        return bytes;
    }
}
