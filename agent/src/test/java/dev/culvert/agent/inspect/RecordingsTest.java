package dev.culvert.agent.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.wire.StreamRequest;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RecordingsTest {
    private static final StreamRequest STREAM =
            new StreamRequest("host:web.example.com", StreamRequest.Kind.HTTP, "192.0.2.1:4711", 0, 0);

    private final Vertx vertx = Vertx.vertx();
    private final List<Long> gone = new ArrayList<>();
    private final Recordings recordings = new Recordings(vertx.getOrCreateContext(), new Recordings.Listener() {
        @Override
        public void onChange(Recording recording) {}

        @Override
        public void onGone(long id) {
            gone.add(id);
        }
    });

    @AfterEach
    void close() {
        vertx.close().await();
    }

    @Test
    void oldestGoesWhenThereAreTooMany() {
        for (int i = 0; i <= Recordings.MOST; i++) {
            recordings.add(recording());
        }

        assertEquals(List.of(1L), gone);
        assertEquals(Recordings.MOST, recordings.latestFirst().size());
        assertEquals(Recordings.MOST + 1, recordings.latestFirst().get(0).id());
    }

    @Test
    void manySmallFieldsAreNotSmall() {
        Fields fields = new Fields(Collections.nCopies(10_000, Map.entry("a", "")));
        for (int i = 0; i < 100; i++) {
            recordings.add(recordings.begin(
                    STREAM, "http://127.0.0.1:1", null, new RequestHead("GET", "/", "HTTP/1.1", fields), 0));
        }

        assertTrue(recordings.latestFirst().size() < 20, "a field has two strings, whatever is in them");
    }

    @Test
    void oldestGoesWhenAllTogetherHoldTooMuch() {
        int fit = Recordings.MOST_BYTES / Body.MOST_BYTES - 1; // Their heads need some room as well.
        List<Recording> all = new ArrayList<>();
        for (int i = 0; i < fit + 1; i++) {
            Recording recording = recording();
            all.add(recording);
            recordings.add(recording);
            recording.responseBytes(new byte[Body.MOST_BYTES], Body.MOST_BYTES);
        }

        assertEquals(List.of(1L), gone);
        assertTrue(recordings.find(1).isEmpty());

        // What still comes of it takes no room from the others.
        all.get(0).responseBytes(new byte[Body.MOST_BYTES], Body.MOST_BYTES);
        assertEquals(List.of(1L), gone);
    }

    @Test
    void openWebSocketStaysWhileOthersCanGo() {
        Recording open = recording();
        recordings.add(open);
        open.responded(new ResponseHead(101, "", "HTTP/1.1", Fields.NONE), true, 0);
        Recording closed = recording();
        recordings.add(closed);
        closed.responded(new ResponseHead(101, "", "HTTP/1.1", Fields.NONE), true, 0);
        closed.over("", 0);
        for (int i = 0; i < Recordings.MOST; i++) {
            recordings.add(recording());
        }

        assertEquals(List.of(2L, 3L), gone);

        for (int i = 0; i < 2 * Recordings.MOST; i++) {
            Recording another = recording();
            recordings.add(another);
            another.responded(new ResponseHead(101, "", "HTTP/1.1", Fields.NONE), true, 0);
        }
        assertTrue(gone.contains(1L), "they go as well where there is nothing else");
        assertEquals(Recordings.MOST, recordings.latestFirst().size());
    }

    @Test
    void messagesOfOneWebSocketLeaveRoomForOthers() {
        Recording open = recording();
        recordings.add(open);
        open.responded(new ResponseHead(101, "", "HTTP/1.1", Fields.NONE), true, 0);
        Recording other = recording();
        recordings.add(other);
        for (int i = 0; i < 10_000; i++) {
            Body body = new Body();
            body.add(new byte[WebSocketReader.MOST_KEPT], WebSocketReader.MOST_KEPT);
            open.messages(List.of(new WebSocketMessage(false, WebSocketMessage.Kind.BINARY, 0, false, body)), 1);
        }

        assertEquals(List.of(), gone);
        assertEquals(10_000, open.messages().passed());
        assertTrue(open.size() < 2 * Messages.MOST_BYTES);
    }

    @Test
    void clearedRoomIsFreeAgain() {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 20; i++) {
                Recording recording = recording();
                recordings.add(recording);
                recording.requestBytes(new byte[Body.MOST_BYTES], Body.MOST_BYTES);
            }
            assertEquals(20, recordings.latestFirst().size());
            recordings.clear();
        }
    }

    private Recording recording() {
        return recordings.begin(
                STREAM, "http://127.0.0.1:3000", null, new RequestHead("GET", "/", "HTTP/1.1", Fields.NONE), 0);
    }
}
