package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.Token;
import dev.culvert.edge.access.TokenFile;
import dev.culvert.edge.access.TokenLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code culvert token}: who may connect agents. */
@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = "Makes, lists and withdraws the tokens by which an edge knows agents.")
final class TokenCommand implements Runnable {
    /** How much of a hash tells tokens apart for people. */
    private static final int ID_CHARS = 8;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "say what to do: create, list or revoke");
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Makes a token, prints it once, and adds its hash to the file.")
    int create(
            @Parameters(paramLabel = "OWNER", description = "Whose the names of its agents are, like ann or ci.")
                    String owner,
            @Option(names = "--file", required = true, paramLabel = "FILE", description = "The edge's --tokens file.")
                    Path file,
            @Option(
                            names = "--names",
                            paramLabel = "PATTERN,...",
                            defaultValue = "*",
                            description =
                                    "Names it may have: labels, whole hosts, or ports like tcp:2200-2299; * is any run but dots,"
                                            + " alone any name or port. One without * is reserved for its owners. Default: *")
                    String names)
            throws IOException {
        Token token = made(owner, names);
        List<TokenLine> added = using(file, () -> {
            new TokenFile(file).append(token.line());
            return List.of(token.line());
        });
        PrintWriter out = out();
        out.println(token.secret().reveal());
        if (isLost(out)) {
            throw new IOException(
                    ("cannot write the token to standard output, and it is shown only once: take it out with"
                                    + " `culvert token revoke %s --file %s`, and make another")
                            .formatted(id(token.line()), file));
        }
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        err.printf(
                "culvert: that is the token of %s for the names %s; it is shown only now, and %s keeps its hash%n",
                added.get(0).owner(), added.get(0).names(), file);
        err.flush();
        return 0;
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists the tokens of the file, not their values.")
    int list(
            @Option(names = "--file", required = true, paramLabel = "FILE", description = "The edge's --tokens file.")
                    Path file)
            throws IOException {
        PrintWriter out = out();
        for (TokenLine line : using(file, () -> new TokenFile(file).lines())) {
            out.printf("%s  %-20s  %s%n", id(line), line.owner(), line.names());
        }
        requireWritten(out);
        return 0;
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Takes tokens out of the file; a running edge ends their lanes within seconds.")
    int revoke(
            @Parameters(paramLabel = "OWNER|ID", description = "An owner, for all its tokens, or an id of the list.")
                    String which,
            @Option(names = "--file", required = true, paramLabel = "FILE", description = "The edge's --tokens file.")
                    Path file)
            throws IOException {
        List<TokenLine> removed = using(
                file, () -> new TokenFile(file).remove(line -> line.owner().equals(which) || id(line).equals(which)));
        if (removed.isEmpty()) {
            throw new IOException("%s has no token of %s: `culvert token list --file %s` shows those that there are"
                    .formatted(file, which, file));
        }
        PrintWriter out = out();
        removed.forEach(line -> out.printf("withdrew %s of %s%n", id(line), line.owner()));
        requireWritten(out);
        return 0;
    }

    private Token made(String owner, String names) {
        try {
            return Token.create(owner, NamePatterns.parse(names));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    private static List<TokenLine> using(Path file, Use use) throws IOException {
        try {
            return use.apply();
        } catch (NoSuchFileException e) {
            Path folder = file.toAbsolutePath().getParent();
            throw new IOException(
                    folder != null && Files.notExists(folder)
                            ? "there is no folder %s: make it first".formatted(folder)
                            : "there is no file %s: `culvert token create` writes one".formatted(file),
                    e);
        } catch (TokenFile.BrokenException e) {
            throw new IOException(e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException(FileFaults.sentence(file, e), e);
        }
    }

    private PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    private static void requireWritten(PrintWriter out) throws IOException {
        if (isLost(out)) {
            throw new IOException("cannot write to standard output: not all of the result was written");
        }
    }

    /** Whether somewhere on the way what was written has failed; the writer does not know that of the process's own. */
    private static boolean isLost(PrintWriter out) {
        return out.checkError() || System.out.checkError();
    }

    private static String id(TokenLine line) {
        return line.hash().substring(0, ID_CHARS);
    }

    /** What is done with the file. */
    private interface Use {
        List<TokenLine> apply() throws IOException, TokenFile.BrokenException;
    }
}
