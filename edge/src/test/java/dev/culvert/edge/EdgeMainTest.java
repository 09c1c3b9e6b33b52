package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.access.TokenFile;
import dev.culvert.edge.access.TokenFileAuthenticator;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.wire.Hello;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@ExtendWith(VertxExtension.class)
class EdgeMainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private final Map<String, String> environment = new HashMap<>();

    @TempDir
    Path folder;

    @Test
    void madeTokenLetsItsAgentInUntilItIsRevoked(Vertx vertx) throws Exception {
        Path file = folder.resolve("tokens.txt");

        assertEquals(0, run("token", "create", "ann", "--file", file.toString(), "--names", "shop,blog-*"));

        String token = out.toString().strip();
        assertTrue(token.startsWith("cvt_"), token);
        assertFalse(Files.readString(file).contains(token), "the file must not hold the token itself");
        TokenFileAuthenticator authenticator = authenticator(vertx, file);
        var ann = authenticator.authenticate(hello(token)).await(10, TimeUnit.SECONDS);
        assertEquals("ann", ann.owner());
        assertTrue(ann.names().allows("blog-2", "localhost"));
        assertFalse(ann.names().allows("other", "localhost"));

        assertEquals(0, run("token", "revoke", "ann", "--file", file.toString()));

        authenticator.close();
        TokenFileAuthenticator reread = authenticator(vertx, file);
        Assertions.assertThrows(UnauthorizedException.class, () -> reread.authenticate(hello(token))
                .await(10, TimeUnit.SECONDS));
        reread.close();
    }

    @Test
    void listShowsWhoseTokensThereAreAndNotTheirValues() throws Exception {
        Path file = folder.resolve("tokens.txt");
        run("token", "create", "ann", "--file", file.toString());
        run("token", "create", "bob", "--file", file.toString(), "--names", "bob-*");
        List<String> tokens = out.toString().lines().toList();
        out.getBuffer().setLength(0);

        assertEquals(0, run("token", "list", "--file", file.toString()));

        assertEquals(2, out.toString().lines().count());
        assertTrue(out.toString().contains("bob-*"), out.toString());
        tokens.forEach(token -> assertFalse(out.toString().contains(token)));
    }

    @Test
    void revokedByIdLeavesTheOwnersOtherTokensAndTheComments() throws Exception {
        Path file = Files.writeString(folder.resolve("tokens.txt"), "# ours\n");
        run("token", "create", "ann", "--file", file.toString());
        run("token", "create", "ann", "--file", file.toString(), "--names", "second");
        List<String> lines = Files.readAllLines(file);
        String firstId = lines.get(1).replaceAll(".*sha256:(.{8}).*", "$1");

        assertEquals(0, run("token", "revoke", firstId, "--file", file.toString()));

        assertEquals(List.of(lines.get(0), lines.get(2)), Files.readAllLines(file));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "edge --http-prot 1                       | 2 | --http-prot",
                "edge --http-port http                    | 2 | --http-port: http is not a port",
                "edge --bind 0.0.0.0                      | 2 | --allow-anonymous",
                "edge --config /nowhere/edge.yaml         | 2 | there is no file /nowhere/edge.yaml",
                "edge surplus                             | 2 | surplus",
                "token create ann                         | 2 | --file",
                "token create not/an/owner --file t       | 2 | is not an owner",
                "token create ann --file /nowhere/t       | 1 | there is no folder /nowhere",
                "token create ann --file t --names UPPER  | 2 | UPPER is not a pattern",
                "token list --file /nowhere/t             | 1 | there is no folder /nowhere",
                "token                                    | 2 | create, list or revoke",
                "''                                       | 2 | name a command",
                "nonsense                                 | 2 | nonsense"
            })
    void mistakesAreOneSentenceOnStandardErrorAndAnExitCode(String line, int exitCode, String hint) {
        String[] args = line.isEmpty() ? new String[0] : line.split(" +");

        int actual = run(args);

        assertEquals(exitCode, actual, err.toString());
        assertTrue(err.toString().startsWith("culvert: ") && err.toString().contains(hint), err.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertEquals("", out.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "edge", "demo", "token", "token create", "token list", "token revoke"})
    void everyCommandTellsTheVersion(String command) {
        assertEquals(0, run((command + " -V").strip().split(" ")));

        assertEquals("culvert dev\n", out.toString());
    }

    @Test
    void logLevelOfNothingIsNotSet() {
        environment.put("CULVERT_LOG_LEVEL", "");

        run("edge", "--config", "/nowhere/edge.yaml");

        assertEquals("culvert: there is no file /nowhere/edge.yaml\n", err.toString());
    }

    private int run(String... args) {
        CommandLine culvert = EdgeMain.commandLine(environment);
        culvert.setOut(new PrintWriter(out, true));
        culvert.setErr(new PrintWriter(err, true));
        return culvert.execute(args);
    }

    private static TokenFileAuthenticator authenticator(Vertx vertx, Path file) throws Exception {
        return TokenFileAuthenticator.start(vertx, new TokenFile(file), Duration.ofMinutes(1))
                .await(10, TimeUnit.SECONDS);
    }

    private static Hello hello(String token) {
        return new Hello(List.of(Hello.VERSION), "test", "instance", List.of(), token, null, 65536, false);
    }
}
