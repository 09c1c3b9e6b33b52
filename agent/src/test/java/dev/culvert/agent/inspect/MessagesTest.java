package dev.culvert.agent.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessagesTest {
    private final Messages messages = new Messages();

    @Test
    void earliestAreDroppedWhereThereAreTooMany() {
        int size = 0;
        for (int i = 1; i <= Messages.MOST + 3; i++) {
            size += messages.add(List.of(message("message " + i)), 1);
        }

        assertEquals(Messages.MOST + 3, messages.passed());
        assertEquals(Messages.MOST, messages.kept().size());
        assertEquals("message 4", said(messages.kept().get(0)));
        assertEquals(messages.kept().stream().mapToInt(WebSocketMessage::size).sum(), size);
    }

    @Test
    void earliestAreDroppedWhereTogetherTheyHoldTooMuch() {
        int size = 0;
        for (int i = 0; i < 200; i++) {
            size += messages.add(List.of(message("x".repeat(WebSocketReader.MOST_KEPT))), 1);
        }

        assertTrue(size <= Messages.MOST_BYTES);
        assertTrue(size > Messages.MOST_BYTES - 2 * WebSocketReader.MOST_KEPT);
        assertEquals(200, messages.passed());
    }

    @Test
    void whoKnowsSomeGetsTheRest() {
        for (int i = 1; i <= Messages.MOST + 10; i++) {
            messages.add(List.of(message("" + i)), 1);
        }

        assertEquals(Messages.MOST, messages.after(0).size());
        assertEquals(Messages.MOST, messages.after(10).size());
        assertEquals("12", said(messages.after(11).get(0)));
        assertEquals(1, messages.after(Messages.MOST + 9).size());
        assertEquals(List.of(), messages.after(Messages.MOST + 10));
        assertEquals(List.of(), messages.after(Long.MAX_VALUE));
    }

    private static WebSocketMessage message(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Body body = new Body();
        body.add(bytes, bytes.length);
        return new WebSocketMessage(true, WebSocketMessage.Kind.TEXT, 0, false, body);
    }

    private static String said(WebSocketMessage message) {
        return message.body().text().orElseThrow();
    }
}
