package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who sends when the lane's socket is full. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class LaneTurnsTest {
    private static final int MIB = 1024 * 1024;
    private final LaneBench bench = new LaneBench().peerWindow(64 * MIB);

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aStreamWithMuchWaitingDoesNotStarveAnother() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder greedy = run.opened();
        StreamRecorder modest = run.opened();
        run.peer().stopReading();
        greedy.write(new byte[8 * MIB]);
        modest.write(new byte[256 * 1024]).finish();

        run.peer().readOn();

        long greedyBefore = 0;
        long modestBytes = 0;
        int greedyRun = 0;
        while (true) {
            Frame frame = run.peer().expect(Frame.class);
            if (frame instanceof Frame.Data data && data.streamId() == 2) {
                int bytes = data.payload().readableBytes();
                greedyBefore += bytes;
                greedyRun += bytes;
                if (modestBytes > 0) {
                    assertTrue(greedyRun <= 16 * 1024, "a turn of " + greedyRun);
                }
            } else if (frame instanceof Frame.Data data) {
                modestBytes += data.payload().readableBytes();
                greedyRun = 0;
            } else {
                assertEquals(4, ((Frame.Fin) frame).streamId());
                break;
            }
        }
        assertEquals(256 * 1024, modestBytes);
        assertTrue(greedyBefore < 2 * MIB, "%d bytes went first".formatted(greedyBefore));
        greedy.reset(CloseReason.CANCELLED);
    }

    @Test
    void controlFramesOvertakeTheDataOfOtherStreams() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder greedy = run.opened();
        StreamRecorder cancelled = run.opened();
        run.peer().stopReading();
        greedy.write(new byte[8 * MIB]).finish();

        cancelled.reset(CloseReason.CANCELLED);
        StreamRecorder late = run.open().write("late but here").finish();
        run.peer().readOn();

        List<String> order = new ArrayList<>();
        long greedyBytes = 0;
        Map<String, Long> greedyBytesAt = new HashMap<>();
        while (!order.contains("Fin 2")) {
            Frame frame = run.peer().expect(Frame.class);
            if (frame instanceof Frame.Data data && data.streamId() == 2) {
                greedyBytes += data.payload().readableBytes();
            } else {
                String name = frame.getClass().getSimpleName() + " " + frame.streamId();
                order.add(name);
                greedyBytesAt.put(name, greedyBytes);
            }
        }
        assertEquals(List.of("Reset 4", "Open 6", "Data 6", "Fin 6", "Fin 2"), order);
        assertTrue(greedyBytesAt.getOrDefault("Fin 6", 0L) < 2 * MIB, greedyBytesAt.toString());
        assertEquals(8 * MIB, greedyBytesAt.get("Fin 2"));
        late.reset(CloseReason.CANCELLED);
    }

    @Test
    void manyStreamsAtOnceKeepTheirBytesApart() throws Exception {
        LaneBench.Run run = bench.start();
        Random random = new Random(7);
        Map<Integer, byte[]> sent = new HashMap<>();
        List<StreamRecorder> streams = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            streams.add(run.opened());
        }

        run.peer().stopReading();
        for (int i = 0; i < streams.size(); i++) {
            byte[] bytes = new byte[MIB + random.nextInt(MIB)];
            random.nextBytes(bytes);
            sent.put(2 * i + 2, bytes);
            StreamRecorder stream = streams.get(i);
            stream.on(() -> {
                for (int at = 0; at < bytes.length; ) {
                    int size = Math.min(bytes.length - at, 1 + random.nextInt(40_000));
                    stream.stream.write(StreamRecorder.buffer(java.util.Arrays.copyOfRange(bytes, at, at + size)));
                    at += size;
                }
                stream.stream.finish();
            });
        }
        run.peer().readOn();

        Map<Integer, ByteArrayOutputStream> received = new HashMap<>();
        for (int fins = 0; fins < streams.size(); ) {
            Frame frame = run.peer().expect(Frame.class);
            if (frame instanceof Frame.Data data) {
                byte[] piece = new byte[data.payload().readableBytes()];
                data.payload().readBytes(piece);
                received.computeIfAbsent(data.streamId(), id -> new ByteArrayOutputStream())
                        .writeBytes(piece);
            } else {
                fins++;
                assertArrayEquals(
                        sent.get(frame.streamId()),
                        received.get(frame.streamId()).toByteArray());
            }
        }
    }
}
