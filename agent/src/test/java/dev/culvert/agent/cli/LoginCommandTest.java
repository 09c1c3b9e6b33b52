package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.ScriptedEdge;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Hello;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LoginCommandTest {
    @TempDir
    Path folder;

    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final StringBuilder prompts = new StringBuilder();
    private String typed = "s3cret";
    private ScriptedEdge edge;

    @BeforeEach
    void start() throws Exception {
        edge = new ScriptedEdge();
    }

    @AfterEach
    void stop() throws Exception {
        edge.close();
    }

    @Test
    void edgeAndTokenAreKeptForTheirUserAloneOnceTheEdgeTakesThem() throws Exception {
        Hello hello = greeted("login", edge.address());

        assertEquals("s3cret", hello.token());
        assertEquals("Token for %s (none: just Enter): ".formatted(edge.address()), prompts.toString());
        assertEquals("edge: '%s'\ntoken: 's3cret'\n".formatted(edge.address()), Files.readString(config()));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(config())));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(home())));
        assertFalse(out().contains("s3cret"), out());
    }

    @Test
    void nextCommandGoesThereWithTheToken() throws Exception {
        greeted("login", edge.address());

        CompletableFuture<Integer> tunnel = CompletableFuture.supplyAsync(() -> run("http", "3000"));

        assertEquals(
                "s3cret", edge.refuse(CloseReason.UNAUTHORIZED, "not any more").token());
        assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));
    }

    @Test
    void keptTokenIsToldToNoOtherEdge() throws Exception {
        greeted("login", edge.address());
        try (ScriptedEdge other = new ScriptedEdge()) {
            CompletableFuture<Integer> tunnel =
                    CompletableFuture.supplyAsync(() -> run("http", "3000", "--edge", other.address()));

            assertNull(other.refuse(CloseReason.UNAUTHORIZED, "who is that").token());
            assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void tokenFileOfTheCommandLineWinsOverTheKeptToken() throws Exception {
        greeted("login", edge.address());
        Path file = Files.writeString(folder.resolve("token"), "nearer\n");

        CompletableFuture<Integer> tunnel =
                CompletableFuture.supplyAsync(() -> run("http", "3000", "--token-file", file.toString()));

        assertEquals("nearer", edge.refuse(CloseReason.UNAUTHORIZED, "no").token());
        assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));
    }

    @Test
    void commandForATokenIsKeptAndNotWhatItPrinted() throws Exception {
        Hello hello = greeted("login", edge.address(), "--token-command", "echo it\\'s-fresh");

        assertEquals("it's-fresh", hello.token());
        assertEquals("", prompts.toString());
        assertEquals(
                "edge: '%s'\ntoken-command: 'echo it\\''s-fresh'\n".formatted(edge.address()),
                Files.readString(config()));

        CompletableFuture<Integer> tunnel = CompletableFuture.supplyAsync(() -> run("http", "3000"));

        assertEquals("it's-fresh", edge.refuse(CloseReason.UNAUTHORIZED, "no").token());
        assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));
    }

    @Test
    void nameOfTheSshKeyIsKeptAndItSignsForTheEdge() throws Exception {
        Path key = folder.resolve("it's a key");
        assertEquals(
                0,
                new ProcessBuilder("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString())
                        .start()
                        .waitFor());
        String words = "sshsig:[0-9]{10}:127\\.0\\.0\\.1:U1NIU0lH[A-Za-z0-9+/]+=*"; // SSHSIG

        Hello hello = greeted("login", edge.address(), "--ssh-key", key.toString());

        assertTrue(String.valueOf(hello.token()).matches(words), hello.token());
        assertNull(hello.secret());
        assertEquals("", prompts.toString());
        assertEquals(
                "edge: '%s'\nssh-key: '%s'\n"
                        .formatted(edge.address(), key.toString().replace("'", "''")),
                Files.readString(config()));

        CompletableFuture<Integer> tunnel = CompletableFuture.supplyAsync(() -> run("http", "3000"));

        String again = edge.refuse(CloseReason.UNAUTHORIZED, "no").token();
        assertTrue(String.valueOf(again).matches(words), again);
        assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));

        greeted("login", edge.address()); // The key is what is to be replaced.
        assertEquals("edge: '%s'\ntoken: 's3cret'\n".formatted(edge.address()), Files.readString(config()));
    }

    @Test
    void commandForATokenThatFailsEndsTheTunnelInWords() {
        assertEquals(1, run("http", "3000", "--edge", edge.address(), "--token-command", "echo no login >&2; exit 4"));
        assertEquals("culvert: no token: its command ended with exit code 4: no login\n", err());
    }

    @Test
    void nearestOfTheThreeWaysToSayATokenCounts() throws Exception {
        environment.put("CULVERT_TOKEN", "of the variable");

        CompletableFuture<Integer> tunnel = CompletableFuture.supplyAsync(
                () -> run("http", "3000", "--edge", edge.address(), "--token-command", "echo of-the-flag"));

        assertEquals("of-the-flag", edge.refuse(CloseReason.UNAUTHORIZED, "no").token());
        assertEquals(1, tunnel.get(20, TimeUnit.SECONDS));
    }

    @Test
    void refusedTokenIsNotKeptAndTheOldOneStays() throws Exception {
        greeted("login", edge.address());
        String before = Files.readString(config());
        typed = "wrong";

        CompletableFuture<Integer> login = CompletableFuture.supplyAsync(() -> run("login"));

        assertEquals(
                "wrong",
                edge.refuse(CloseReason.UNAUTHORIZED, "nobody has this token").token());
        assertEquals(1, login.get(20, TimeUnit.SECONDS));
        assertEquals(
                "culvert: the edge at %s refused this agent: nobody has this token; nothing was kept\n"
                        .formatted(edge.address()),
                err());
        assertEquals(before, Files.readString(config()));
    }

    @Test
    void edgeThatDoesNotAnswerIsNotKept() throws Exception {
        edge.stop();

        assertEquals(1, run("login", edge.address()));

        assertEquals(
                "culvert: no edge answers at %s (connection refused); nothing was kept\n".formatted(edge.address()),
                err());
        assertFalse(Files.exists(config()));
    }

    @Test
    void secondLoginReplacesTheFirstAndLeavesTheRestAsItWasWritten() throws Exception {
        Files.createDirectories(home());
        Files.writeString(
                config(),
                "# mine\nlanes: 3 # three\nedge: a:1\ntoken_file:\n  /old/token\n\n# the end\nname: 'it''s'\n");
        typed = "it's #new";

        greeted("login", edge.address());

        assertEquals(
                "# mine\nlanes: 3 # three\n\n# the end\nname: 'it''s'\nedge: '%s'\ntoken: 'it''s #new'\n"
                        .formatted(edge.address()),
                Files.readString(config()));
    }

    @Test
    void fileInAnUnusualShapeIsLeftToItsUser() throws Exception {
        Files.createDirectories(home());
        Files.writeString(config(), "{lanes: 3}\n");

        greetedAndFailed("login", edge.address());

        assertEquals(
                "culvert: %s is written in a way that this cannot change: put edge, token there yourself\n"
                        .formatted(config()),
                err());
        assertEquals("{lanes: 3}\n", Files.readString(config()));
    }

    @Test
    void agentWithoutATokenKeepsTheEdgeAlone() throws Exception {
        typed = "";

        Hello hello = greeted("login", edge.address());

        assertNull(hello.token());
        assertEquals("edge: '%s'\n".formatted(edge.address()), Files.readString(config()));
    }

    @Test
    void logoutForgetsWhatWasKeptAndNothingElse() throws Exception {
        greeted("login", edge.address());
        Files.writeString(config(), Files.readString(config()) + "lanes: 3\n");

        assertEquals(0, run("logout"));
        assertEquals("lanes: 3\n", Files.readString(config()));

        assertEquals(0, run("logout"));
        assertEquals("Nothing was kept.\n", out());
    }

    @Test
    void tokenThatOthersCanReadIsWarnedOf() throws Exception {
        greeted("login", edge.address());
        Files.setPosixFilePermissions(config(), PosixFilePermissions.fromString("rw-r--r--"));
        edge.stop();

        run("http", "3000");

        assertTrue(
                err().startsWith("culvert: others on this machine can read the token in %1$s: chmod 600 %1$s\n"
                        .formatted(config())),
                err());
    }

    @Test
    void pipedTokenIsTheFirstLineAndBounded() throws Exception {
        assertEquals("tok en", SecretInput.line(in(" tok en \r\nmore")));
        assertEquals("", SecretInput.line(in("")));
        String sentence = org.junit.jupiter.api.Assertions.assertThrows(
                        CommandFailedException.class, () -> SecretInput.line(in("x".repeat(20_000))))
                .getMessage();
        assertEquals("standard input is too long for a token", sentence);
    }

    private static ByteArrayInputStream in(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private Hello greeted(String... args) throws Exception {
        CompletableFuture<Integer> login = CompletableFuture.supplyAsync(() -> run(args));
        Hello hello = edge.welcome().hello();
        assertEquals(0, login.get(20, TimeUnit.SECONDS), err());
        return hello;
    }

    private void greetedAndFailed(String... args) throws Exception {
        CompletableFuture<Integer> login = CompletableFuture.supplyAsync(() -> run(args));
        edge.welcome();
        assertEquals(1, login.get(20, TimeUnit.SECONDS), out());
    }

    private Path home() {
        return folder.resolve("home");
    }

    private Path config() {
        return home().resolve("config.yaml");
    }

    private int run(String... args) {
        out.reset();
        err.reset();
        return AgentMain.run(
                new Surroundings(
                        environment,
                        home(),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        prompt -> {
                            prompts.append(prompt);
                            return typed;
                        },
                        false),
                args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
