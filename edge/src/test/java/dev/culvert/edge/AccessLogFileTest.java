package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.ingress.AccessLog;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessLogFileTest {
    @TempDir
    Path folder;

    @Test
    void eachVisitIsALineThatFollowsWhatIsThere() throws Exception {
        Path file = Files.writeString(folder.resolve("access.log"), "from earlier\n");
        AccessLogFile log = AccessLogFile.open(file);
        log.add(visit("one.example.com"));
        log.add(new AccessLog.Visit(0, "tcp", "192.0.2.1", "2222", null, null, null, 0, "not_held", 1, 2, 3500));
        log.close();

        List<String> lines = Files.readAllLines(file);
        assertEquals("from earlier", lines.get(0));
        assertEquals(
                new JsonObject(
                        "{\"time\":\"1970-01-01T00:00:00.001Z\",\"kind\":\"http\",\"visitor\":\"192.0.2.1\",\"host\":\"one.example.com\","
                                + "\"owner\":\"ann\",\"user\":\"bob\",\"method\":\"GET\",\"target\":\"/\\n\\\"\",\"userAgent\":\"curl\",\"status\":200,"
                                + "\"bytesIn\":0,\"bytesOut\":12,\"millis\":1.5}"),
                new JsonObject(lines.get(1)));
        assertEquals(
                new JsonObject(
                        "{\"time\":\"1970-01-01T00:00:00Z\",\"kind\":\"tcp\",\"visitor\":\"192.0.2.1\",\"host\":\"2222\","
                                + "\"error\":\"not_held\",\"bytesIn\":1,\"bytesOut\":2,\"millis\":3.5}"),
                new JsonObject(lines.get(2)));
        assertEquals(3, lines.size());
    }

    @Test
    void fileThatWasMovedAwayIsMadeAnew() throws Exception {
        Path file = folder.resolve("access.log");
        AccessLogFile log = AccessLogFile.open(file);
        Files.move(file, folder.resolve("access.log.1"));

        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            log.add(visit("again.example.com"));
            return Files.exists(file) && Files.readString(file).contains("again.example.com");
        });
        log.close();
    }

    @Test
    void diskThatIsFullHoldsNobodyUp() {
        AccessLogFile log = AccessLogFile.open(Path.of("/dev/full"));
        for (int i = 0; i < 100_000; i++) {
            log.add(visit("lost.example.com"));
        }
        log.close();
    }

    @Test
    void fileThatCannotBeOpenedIsToldAtTheStart() {
        Path file = folder.resolve("nowhere").resolve("access.log");
        ConfigException fault = assertThrows(ConfigException.class, () -> AccessLogFile.open(file));
        assertTrue(
                String.valueOf(fault.getMessage()).startsWith("--access-log: the file does not open: "),
                fault::getMessage);
    }

    private static AccessLog.Visit visit(String host) {
        return new AccessLog.Visit(
                1,
                "http",
                "192.0.2.1",
                host,
                "ann",
                "bob",
                new AccessLog.Request("GET", "/\n\"", "curl"),
                200,
                null,
                0,
                12,
                1500);
    }
}
