package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TokenSourceTest {
    @TempDir
    Path folder;

    @Test
    void fileIsReadAnewEachTime() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), " one\n");
        TokenSource source = TokenSource.ofFile(file);
        assertEquals(Secret.of("one"), source.token());

        Files.writeString(file, "two\n");

        assertEquals(Secret.of("two"), source.token());
        assertTrue(source.mayChange());
    }

    @Test
    void fileThatHoldsNoTokenIsSaid() throws Exception {
        Path file = folder.resolve("token");
        assertEquals("there is no file " + file, fault(TokenSource.ofFile(file)));

        Files.writeString(file, "\n");
        assertEquals(file + " is empty", fault(TokenSource.ofFile(file)));

        Files.writeString(file, "x".repeat(16 * 1024 + 1));
        assertEquals("cannot use %s: it has more than 16384 bytes".formatted(file), fault(TokenSource.ofFile(file)));

        Files.writeString(file, "x".repeat(16 * 1024));
        assertEquals(16 * 1024, TokenSource.ofFile(file).token().reveal().length());
    }

    @Test
    void commandIsRunByTheShellEachTime() throws Exception {
        Path count = Files.writeString(folder.resolve("count"), "");
        TokenSource source =
                TokenSource.ofCommand("echo x >> '%s' && wc -l < '%s' | tr -d ' '".formatted(count, count));

        assertEquals(Secret.of("1"), source.token());
        assertEquals(Secret.of("2"), source.token());
        assertTrue(source.mayChange());
    }

    @Test
    void commandThatFailsIsSaidInItsOwnLastWords() {
        assertEquals(
                "its command ended with exit code 7: curl: (7) could not connect",
                fault(TokenSource.ofCommand(
                        "echo s3cret; echo trying >&2; echo 'curl: (7) could not connect' >&2; echo >&2; exit 7")));
        assertEquals("its command ended with exit code 3", fault(TokenSource.ofCommand("exit 3")));
        assertTrue(fault(TokenSource.ofCommand("no-such-command-here"))
                .startsWith("its command ended with exit code 127"));
    }

    @Test
    void commandThatPrintsNothingOrTooMuchIsSaid() {
        assertEquals("its command printed nothing", fault(TokenSource.ofCommand("true")));
        assertEquals("its command printed more than 16384 bytes", fault(TokenSource.ofCommand("cat /dev/zero")));
        assertEquals(
                "its command ended with exit code 1: " + "x".repeat(300) + "…",
                fault(TokenSource.ofCommand("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1")));
    }

    @Test
    void commandThatWaitsForAPersonFindsNobody() throws Exception {
        assertEquals(
                Secret.of("nobody"),
                TokenSource.ofCommand("read answer || echo nobody").token());
    }

    @Test
    void commandThatTakesTooLongIsEndedWithWhatItHasStarted() throws Exception {
        Path pid = folder.resolve("pid");
        TokenSource slow = new TokenCommand("sleep 600 & echo $! > '%s'; wait".formatted(pid), Duration.ofSeconds(2));

        assertEquals("its command took longer than 2 s", fault(slow));

        long sleeper = Long.parseLong(Files.readString(pid).strip());
        Optional<ProcessHandle> left = ProcessHandle.of(sleeper);
        if (left.isPresent()) {
            assertEquals(sleeper, left.get().onExit().get(10, TimeUnit.SECONDS).pid(), "is gone");
        }
    }

    @Test
    void whatTheCommandLeavesRunningHoldsNobodyUp() throws Exception {
        Path pid = folder.resolve("pid");
        TokenSource source = TokenSource.ofCommand("sleep 600 & echo $! > '%s'; echo token".formatted(pid));

        assertEquals(Secret.of("token"), source.token());

        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).ifPresent(ProcessHandle::destroy);
    }

    @Test
    void emptyCommandIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> TokenSource.ofCommand(" "));
    }

    @Test
    void fixedTokenStays() throws Exception {
        assertEquals(Secret.of("a"), TokenSource.of(Secret.of("a")).token());
        assertFalse(TokenSource.of(Secret.of("a")).mayChange());
    }

    private static String fault(TokenSource source) {
        return assertThrows(IOException.class, source::token).getMessage();
    }
}
