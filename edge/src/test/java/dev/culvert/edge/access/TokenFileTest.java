package dev.culvert.edge.access;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Hash;
import dev.culvert.edge.EdgeMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenFileTest {
    private static final String HASH = "a".repeat(64);
    private static final int LIMIT_BYTES = 1024;

    @TempDir
    Path directory;

    @Test
    void linesAreReadPastCommentsAndEmptyLines() throws Exception {
        TokenFile file = written("# our people", "", "ann sha256:" + HASH + "  shop,blog-*   # the shop", "   ");
        assertEquals(List.of(new TokenLine("ann", HASH, NamePatterns.parse("shop,blog-*"))), lines(file));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ann",
                "ann sha256:aa *",
                "ann cvt_the-token-itself *",
                "ann sha256:" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + " UPPER",
                "anonymous:x sha256:" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + " *",
                "ann sha256:" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + " * more",
            })
    void aBrokenLineIsNamedAndNoTokenShown(String broken) throws Exception {
        TokenFile file = written("# one", broken);
        String message =
                assertThrows(TokenFile.BrokenException.class, file::read).getMessage();
        assertTrue(message.contains("tokens.txt, line 2: "), message);
        assertFalse(message.contains("the-token-itself"), message);
    }

    @Test
    void aTokenThatIsThereTwiceIsRefused() throws Exception {
        TokenFile file =
                written("ann sha256:" + HASH + " *", "bob sha256:" + HASH.toUpperCase(java.util.Locale.ROOT) + " *");
        assertTrue(assertThrows(TokenFile.BrokenException.class, file::read)
                .getMessage()
                .contains("line 2"));
    }

    @Test
    void aNewFileIsForItsOwnersEyesOnly() throws Exception {
        Path path = directory.resolve("new.txt");
        Token token = Token.create("ann", NamePatterns.ANY);
        new TokenFile(path).append(token.line());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertEquals(List.of(token.line()), lines(new TokenFile(path)));
        assertFalse(Files.readString(path).contains(token.secret().reveal()));
    }

    @Test
    void aLineIsAddedEvenWhenTheLastOneIsNotFinished() throws Exception {
        Path path = directory.resolve("tokens.txt");
        Files.writeString(path, "# kept\nann sha256:" + HASH + " *");
        Token token = Token.create("bob", NamePatterns.parse("wiki"));
        TokenFile file = new TokenFile(path);
        file.append(token.line());
        assertEquals(List.of(new TokenLine("ann", HASH, NamePatterns.ANY), token.line()), lines(file));
        assertTrue(Files.readString(path).startsWith("# kept\n"));
    }

    @Test
    void nothingIsAddedToABrokenFile() throws Exception {
        TokenFile file = written("what is this");
        TokenLine line = Token.create("bob", NamePatterns.ANY).line();
        assertThrows(TokenFile.BrokenException.class, () -> file.append(line));
        assertEquals("what is this\n", Files.readString(directory.resolve("tokens.txt")));
    }

    @Test
    void aFullDiskLeavesTheFileAsItWas() throws Exception {
        String before = "# %s%nann sha256:%s *%n".formatted("x".repeat(LIMIT_BYTES - 100), HASH);
        Path path = Files.writeString(directory.resolve("tokens.txt"), before);

        assertEquals(1, createWithLimit(path));

        assertEquals(before, Files.readString(path));
        assertEquals(1, new TokenFile(path).lines().size());
    }

    @Test
    void theLastTokenLeavesAComment() throws Exception {
        TokenFile file = written("ann sha256:" + HASH + " *");

        assertEquals(1, file.remove(line -> true).size());

        assertEquals(List.of(), file.lines());
        assertTrue(Files.readString(directory.resolve("tokens.txt")).startsWith("# "));
    }

    @Test
    void tokensAreLongRandomAndRecognisable() {
        Token token = Token.create("ann", NamePatterns.ANY);
        assertTrue(token.secret().reveal().matches("cvt_[A-Za-z0-9_-]{43}"));
        assertNotEquals(token.secret(), Token.create("ann", NamePatterns.ANY).secret());
        assertEquals(token.line(), TokenLine.parse(token.line().toString()));
        assertFalse(token.toString().contains(token.secret().reveal()));
    }

    @Test
    void lineOfAnotherReleaseIsThisOnes() throws Exception {
        String line = "ann@example.com  sha256:6e23aabc1d340b10ecf14c7b67e90f5f08e9b137c47b7436a22ff8b5ecd16157"
                + "  shop,blog-*,tcp:2200-2299";
        TokenLine read = new TokenLine(
                "ann@example.com",
                Hash.of("cvt_EjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vA"), // Of the token as the agent shows it.
                NamePatterns.parse("shop,blog-*,tcp:2200-2299"));
        assertEquals(List.of(read), lines(written(line)), WHAT_TO_DO);

        Path path = directory.resolve("new.txt");
        new TokenFile(path).append(read);
        assertEquals(line + "\n", Files.readString(path), WHAT_TO_DO);
    }

    /** In a process that may write no longer files, which fails as on a full disk: with a part of what was to be written. */
    private static int createWithLimit(Path path) throws Exception {
        List<String> command = List.of(
                "sh",
                "-c",
                "ulimit -f %d; exec \"$@\"".formatted(LIMIT_BYTES / 512),
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                EdgeMain.class.getName(),
                "token",
                "create",
                "bob",
                "--file",
                path.toString());
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return process.exitValue();
    }

    private TokenFile written(String... lines) throws IOException {
        Path path = directory.resolve("tokens.txt");
        Files.write(path, List.of(lines));
        return new TokenFile(path);
    }

    private static List<TokenLine> lines(TokenFile file) throws Exception {
        return List.copyOf(file.read().values());
    }
}
