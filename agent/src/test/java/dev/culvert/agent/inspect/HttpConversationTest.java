package dev.culvert.agent.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakFree.class)
class HttpConversationTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpConversation conversation = new HttpConversation(
            new Recordings(vertx.getOrCreateContext(), new Recordings.Listener() {
                @Override
                public void onChange(Recording recording) {}

                @Override
                public void onGone(long id) {}
            }),
            new StreamRequest("host:web", StreamRequest.Kind.HTTP, "", 0, 0),
            "http://127.0.0.1:1",
            null);

    @AfterEach
    void stopVertx() {
        conversation.end("the test is over");
        vertx.close().await();
    }

    /** What was looked at may still wait for its way out, in a buffer with room behind it. */
    @Test
    void bytesThatWaitStayAsTheyAreWhileMoreIsLookedAt() {
        ByteBuf request = buffer("GET / HTTP/1.1\r\n\r\n");
        String text = "HTTP/1.1 200 OK\r\nX-Long: " + "a".repeat(100) + "\r\nX-";
        ByteBuf waiting = buffer(text);
        ByteBuf more = buffer("More: " + "b".repeat(50) + "\r\nX-");

        conversation.fromVisitor(request);
        conversation.fromTarget(waiting);
        conversation.fromTarget(more);

        assertEquals(text, waiting.toString(StandardCharsets.US_ASCII));
        List.of(request, waiting, more).forEach(ByteBuf::release);
    }

    private static ByteBuf buffer(String text) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(256).writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
