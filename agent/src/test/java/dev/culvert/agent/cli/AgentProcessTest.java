package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.ScriptedEdge;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own: what only a real start and a real signal show. */
class AgentProcessTest {

    @Test
    void signalEndsItInGoodOrderWithExitCodeZeroAndTheNameIsKept(@TempDir Path home) throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Process first = start(home, edge);
            ScriptedEdge.Greeted lane = edge.welcome();
            lane.grant("swift-otter");
            BufferedReader lines = first.inputReader(StandardCharsets.UTF_8);
            assertEquals("Online: http://swift-otter.example.com → http://127.0.0.1:3000", lines.readLine());
            assertTrue(first.toHandle().destroy()); // Unlike destroy(), leaves the streams open.

            assertTrue(first.waitFor(10, TimeUnit.SECONDS));
            assertEquals(0, first.exitValue());
            assertEquals(
                    CloseReason.CLOSED,
                    lane.peer().expect(Frame.GoAway.class).reason(),
                    "the first thing after its BIND, so no UNBIND");
            assertEquals("", new String(first.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));

            Process second = start(home, edge);
            ScriptedEdge.Greeted again = edge.welcome();
            assertEquals("swift-otter", again.grant("-").name());
            assertEquals(lane.hello().secret(), again.hello().secret());
            assertTrue(second.toHandle().destroy());
            assertTrue(second.waitFor(10, TimeUnit.SECONDS));
        }
    }

    private static Process start(Path home, ScriptedEdge edge) throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                AgentMain.class.getName(),
                "http",
                "3000",
                "--edge",
                edge.address());
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("CULVERT_HOME", home.toString());
        return builder.start();
    }
}
