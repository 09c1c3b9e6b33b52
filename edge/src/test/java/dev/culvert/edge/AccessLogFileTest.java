package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.ingress.AccessLog;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
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
    void lineThatWasCutOffEndsBeforeTheNextOne() throws Exception {
        Path file = Files.writeString(folder.resolve("access.log"), "{\"time\":\"2026");
        AccessLogFile log = AccessLogFile.open(file);
        log.add(visit("whole.example.com"));
        log.close();

        List<String> lines = Files.readAllLines(file);
        assertEquals("{\"time\":\"2026", lines.get(0));
        assertEquals("whole.example.com", new JsonObject(lines.get(1)).getString("host"));
        assertEquals(2, lines.size());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void fileThatIsMadeIsNotForAllToRead() throws Exception {
        Path file = folder.resolve("access.log");
        AccessLogFile.open(file).close();

        assertFalse(Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatWaitsForADiskThatHangsIsBounded() throws Exception {
        Path pipe = pipe();
        String target = "/" + "a".repeat(1024 * 1024);
        // Nobody reads it until all is said.
        try (RandomAccessFile pipesEnd = new RandomAccessFile(pipe.toFile(), "rw");
                AccessLogFile log = AccessLogFile.open(pipe)) {
            for (int i = 0; i < 100; i++) {
                log.add(visit("large.example.com", target));
            }
            log.add(visit("last.example.com", "/"));

            BufferedReader lines = new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(pipesEnd.getChannel()), StandardCharsets.UTF_8));
            int large = 0;
            while (new JsonObject(lines.readLine()).getString("host").equals("large.example.com")) {
                large++;
            }
            assertEquals(7, large, "of 1 MiB each");
        }
    }

    @Test
    void fileThatCannotBeOpenedIsToldAtTheStart() {
        Path file = folder.resolve("nowhere").resolve("access.log");
        ConfigException fault = assertThrows(ConfigException.class, () -> AccessLogFile.open(file));
        assertTrue(
                String.valueOf(fault.getMessage()).startsWith("--access-log: the file does not open: "),
                fault::getMessage);
    }

    @Test
    void folderIsRefusedAtTheStart() {
        ConfigException fault = assertThrows(ConfigException.class, () -> AccessLogFile.open(folder));
        assertEquals(
                "--access-log: the file does not open: " + folder + " is a folder, not a file", fault.getMessage());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void pipeHoldsUpNoStartAndItsFirstReaderGetsWhatCameBefore() throws Exception {
        Path pipe = pipe();
        AccessLogFile log =
                CompletableFuture.supplyAsync(() -> AccessLogFile.open(pipe)).get(20, TimeUnit.SECONDS);
        log.add(visit("early.example.com"));

        try (BufferedReader lines = Files.newBufferedReader(pipe)) {
            assertEquals("early.example.com", new JsonObject(lines.readLine()).getString("host"));
            log.close();
            assertNull(lines.readLine());
        }
    }

    @Test
    void requestThatCouldNotBeReadLacksFields() throws Exception {
        Path file = folder.resolve("access.log");
        AccessLogFile log = AccessLogFile.open(file);
        AccessLog.Request unread = new AccessLog.Request(null, null, null);
        log.add(new AccessLog.Visit(0, "http", "192.0.2.1", null, null, null, unread, 400, "malformed", 0, 7, 0));
        log.close();

        assertEquals(
                new JsonObject(
                        "{\"time\":\"1970-01-01T00:00:00Z\",\"kind\":\"http\",\"visitor\":\"192.0.2.1\",\"status\":400,"
                                + "\"error\":\"malformed\",\"bytesIn\":0,\"bytesOut\":7,\"millis\":0.0}"),
                new JsonObject(Files.readString(file)));
    }

    private Path pipe() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        return pipe;
    }

    private static AccessLog.Visit visit(String host) {
        return visit(host, "/\n\"");
    }

    private static AccessLog.Visit visit(String host, String target) {
        return new AccessLog.Visit(
                1,
                "http",
                "192.0.2.1",
                host,
                "ann",
                "bob",
                new AccessLog.Request("GET", target, "curl"),
                200,
                null,
                0,
                12,
                1500);
    }
}
