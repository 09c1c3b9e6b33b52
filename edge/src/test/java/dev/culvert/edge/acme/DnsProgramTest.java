package dev.culvert.edge.acme;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.exception.AcmeException;

@Timeout(60)
class DnsProgramTest {
    private static final String NAME = "_acme-challenge.example.com.";
    private static final String VALUE = "-LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX"; // Looks like an option.

    @TempDir
    Path folder;

    private Path calls;
    private Path output;

    @BeforeEach
    void files() {
        calls = folder.resolve("calls");
        output = folder.resolve("dns.log");
    }

    @Test
    void isCalledAsLegoCallsItsPrograms() throws Exception {
        DnsProgram program = program("echo \"$# $1 $2 $3\" >> %s".formatted(calls));

        program.present(NAME, VALUE);
        assertEquals(List.of("3 present %s %s".formatted(NAME, VALUE)), Files.readAllLines(calls));
        program.cleanUp(NAME, VALUE);

        assertEquals(
                "3 cleanup %s %s".formatted(NAME, VALUE),
                Files.readAllLines(calls).get(1));
    }

    @Test
    void whatItSaysLastIsInTheFaultAndAllOfItInTheFile() throws Exception {
        DnsProgram program = program("echo signed in; [ $1 = cleanup ] || { echo no such zone >&2; echo; exit 3; }");

        AcmeException fault = assertThrows(AcmeException.class, () -> program.present(NAME, VALUE));

        assertEquals(folder.resolve("dns.sh") + " present has ended with 3: no such zone", fault.getMessage());
        program.cleanUp(NAME, VALUE);
        assertEquals("signed in\nno such zone\n\nsigned in\n", Files.readString(output));
        assertThrows(AcmeException.class, () -> program.present(NAME, VALUE));
        assertEquals("signed in\nno such zone\n\n", Files.readString(output), "of one record");
    }

    @Test
    void endlessWordsFillNoMemory() throws Exception {
        DnsProgram program = program(
                "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo y$(head -c 600 /dev/zero | tr '\\0' z); exit 1");

        AcmeException fault = assertThrows(AcmeException.class, () -> program.present(NAME, VALUE));

        assertTrue(fault.getMessage().endsWith("1: " + "z".repeat(499)), fault.getMessage());
    }

    @Test
    void faultOfACleanUpIsNone() throws Exception {
        program("exit 1").cleanUp(NAME, VALUE);
    }

    @Test
    void whatCannotBeRunIsNamedAtOnce() throws Exception {
        Path missing = folder.resolve("missing.sh");
        Path plain = Files.writeString(folder.resolve("plain.sh"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rw-------"));

        for (Path each : List.of(missing, plain, folder)) {
            ConfigException fault = assertThrows(ConfigException.class, () -> new DnsProgram(each, output));
            assertEquals("--acme-dns: %s is no program that this user may run".formatted(each), fault.getMessage());
        }
    }

    @Test
    void whatIsNoProgramAfterAllIsSaid() throws Exception {
        DnsProgram program = program("exit 0");
        Files.writeString(folder.resolve("dns.sh"), "#!/no/such/shell\n");

        AcmeException fault = assertThrows(AcmeException.class, () -> program.present(NAME, VALUE));

        assertTrue(fault.getMessage().contains("dns.sh present cannot be started: "), fault.getMessage());
    }

    @Test
    void endsWithWhoWaitsForItAndSoDoesWhatItHasStarted() throws Exception {
        DnsProgram program = program("echo $$ > %s; sleep 1000 & echo $! >> %s; wait".formatted(calls, calls));
        Thread waiting = new Thread(() -> assertThrows(InterruptedException.class, () -> program.present(NAME, VALUE)));
        waiting.start();
        await().until(() -> Files.exists(calls) && Files.readAllLines(calls).size() == 2);

        waiting.interrupt();
        waiting.join(TimeUnit.SECONDS.toMillis(10));

        assertFalse(waiting.isAlive());
        for (String pid : Files.readAllLines(calls)) {
            await().until(() -> !ProcessHandle.of(Long.parseLong(pid))
                    .map(ProcessHandle::isAlive)
                    .orElse(false));
        }
    }

    private DnsProgram program(String script) throws Exception {
        Path file = Files.writeString(folder.resolve("dns.sh"), "#!/bin/sh\n%s\n".formatted(script));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return new DnsProgram(file, output);
    }
}
