package dev.culvert.agent.localtunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.culvert.testkit.LeakFree;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LeakFree.class)
class HostRewriterTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new HostRewriter("localhost"));

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET / HTTP/1.1~Host: a.example.com~~ | GET / HTTP/1.1~Host: localhost~~",
                "GET / HTTP/1.1~host:a:8080~A: b~~x | GET / HTTP/1.1~host: localhost~A: b~~x",
                "GET / HTTP/1.1~A: b~HOST:   a~~ | GET / HTTP/1.1~A: b~HOST: localhost~~",
                "GET /Host:a HTTP/1.1~X-Host: a~Host: a~~ | GET /Host:a HTTP/1.1~X-Host: a~Host: localhost~~",
                "GET / HTTP/1.0~A: b~~Host: a~~ | GET / HTTP/1.0~A: b~~Host: a~~",
                "GET / HTTP/1.1~Host: a~~GET / HTTP/1.1~Host: a~~ | GET / HTTP/1.1~Host: localhost~~GET / HTTP/1.1~Host: a~~",
            })
    void hostOfTheFirstHeadIsReplacedHoweverItComes(String came, String expected) {
        String whole = came.replace("~", "\r\n");
        for (int piece = 1; piece <= whole.length(); piece++) {
            EmbeddedChannel pieces = new EmbeddedChannel(new HostRewriter("localhost"));
            for (int from = 0; from < whole.length(); from += piece) {
                write(pieces, whole.substring(from, Math.min(from + piece, whole.length())));
            }
            assertEquals(expected.replace("~", "\r\n"), read(pieces), "in pieces of " + piece);
            pieces.finishAndReleaseAll();
        }
    }

    @Test
    void headThatIsTooLongGoesOnAsItIs() {
        String line = "A: " + "b".repeat(1000) + "\r\n";
        String head = "GET / HTTP/1.1\r\n" + line.repeat(HostRewriter.MOST_HEAD_BYTES / 1000) + "A: b";
        write(channel, head);
        assertEquals(head, read(channel));

        write(channel, "\r\nHost: a\r\n\r\n");

        assertEquals("\r\nHost: a\r\n\r\n", read(channel));
    }

    @Test
    void whatCameOfAHeadThatBreaksOffIsHandedOn() {
        write(channel, "GET / HTTP/1.1\r\nHos");
        assertEquals("", read(channel));

        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

        assertEquals("GET / HTTP/1.1\r\nHos", read(channel));
    }

    @Test
    void nothingIsInTheWayOnceTheHostIsReplaced() {
        write(channel, "GET / HTTP/1.1\r\nHost: a\r\n");

        assertNull(channel.pipeline().get(HostRewriter.class));
        read(channel);
    }

    private static void write(EmbeddedChannel to, String text) {
        to.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }

    private static String read(EmbeddedChannel from) {
        StringBuilder all = new StringBuilder();
        for (ByteBuf bytes = from.readInbound(); bytes != null; bytes = from.readInbound()) {
            all.append(bytes.toString(StandardCharsets.UTF_8));
            bytes.release();
        }
        return all.toString();
    }
}
