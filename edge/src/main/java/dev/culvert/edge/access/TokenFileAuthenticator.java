package dev.culvert.edge.access;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.Hash;
import dev.culvert.config.WatchedFile;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows agents by tokens whose hashes an operator keeps in a {@linkplain WatchedFile file}.
 *
 * <p>A token is looked up by its hash, so the time that takes says nothing about the tokens there are. Safe for use by
 * any thread.
 */
public final class TokenFileAuthenticator implements Authenticator {
    private static final Logger LOGGER = LoggerFactory.getLogger(TokenFileAuthenticator.class);

    private final List<Consumer<Identity>> revoked;
    private final WatchedFile<Tokens> tokens;

    /**
     * What is in force.
     *
     * @param byHash the lines by their hashes
     * @param reserved the names that stand in them literally
     */
    private record Tokens(Map<String, TokenLine> byHash, ReservedNames reserved) {
        static Tokens of(Map<String, TokenLine> lines) {
            return new Tokens(lines, ReservedNames.of(lines.values()));
        }
    }

    private TokenFileAuthenticator(WatchedFile<Tokens> tokens, List<Consumer<Identity>> revoked) {
        this.tokens = tokens;
        this.revoked = revoked;
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link WatchedFile#INTERVAL} in production
     * @return fails with a {@link ConfigException} when the file cannot be read, or that names the line that is wrong
     */
    public static Future<TokenFileAuthenticator> start(Vertx vertx, TokenFile file, Duration interval) {
        List<Consumer<Identity>> revoked = new CopyOnWriteArrayList<>();
        Source source = new Source(file);
        return OperatorsFiles.watch(vertx, source, interval, (before, now) -> {
                    source.hasTokens = !now.byHash().isEmpty();
                    withdraw(before.byHash(), now.byHash(), revoked);
                })
                .map(tokens -> {
                    source.hasTokens = !tokens.value().byHash().isEmpty();
                    if (!source.hasTokens) {
                        LOGGER.atWarn()
                                .addKeyValue("file", file)
                                .log("no tokens in the file yet; no agent can connect by one");
                    }
                    return new TokenFileAuthenticator(tokens, revoked);
                });
    }

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String token = hello.token();
        if (token == null) {
            return Future.failedFuture(
                    new UnauthorizedException(
                            "this edge asks for a token: start the agent with --token or --token-file (its operator makes one with `culvert token create`)"));
        }
        Identity identity = identityOf(token);
        return identity == null
                ? Future.failedFuture(
                        new UnauthorizedException(
                                "the edge does not know this token, or it was withdrawn; ask the edge's operator for a new one"))
                : Future.succeededFuture(identity);
    }

    /** Who shows up with the token; null where it is not known. */
    public @Nullable Identity identityOf(String token) {
        TokenLine line = tokens.value().byHash().get(Hash.of(token));
        return line == null ? null : line.identity();
    }

    @Override
    public boolean stillCounts(Identity identity) {
        return tokens.value().byHash().values().stream()
                .anyMatch(line -> line.identity().equals(identity));
    }

    @Override
    public ReservedNames reserved() {
        return tokens.value().reserved();
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        revoked.add(listener);
    }

    /** Stops watching the file. */
    public void close() {
        tokens.close();
    }

    /** A token whose line changed is another identity now: its lanes end, and its agents come back as that. */
    private static void withdraw(
            Map<String, TokenLine> before, Map<String, TokenLine> now, List<Consumer<Identity>> listeners) {
        before.forEach((hash, line) -> {
            if (!line.equals(now.get(hash))) {
                LOGGER.atInfo().addKeyValue("owner", line.owner()).log("token withdrawn; its lanes end");
                listeners.forEach(listener -> listener.accept(line.identity()));
            }
        });
    }

    private static final class Source implements WatchedFile.Source<Tokens> {
        private final TokenFile file;
        /** Whether there are some in force. */
        private volatile boolean hasTokens;

        Source(TokenFile file) {
            this.file = file;
        }

        @Override
        public Tokens read() throws IOException, TokenFile.BrokenException {
            return Tokens.of(hasTokens ? file.readAgain() : file.read());
        }

        @Override
        public String inWords(Throwable fault) {
            return "--tokens: " + words(fault);
        }

        private String words(Throwable fault) {
            if (fault instanceof NoSuchFileException) {
                return "the tokens file %s does not exist; culvert token create writes one".formatted(file);
            }
            if (fault instanceof IOException cause) {
                return "the tokens file does not open: %s".formatted(FileFaults.sentence(file.path(), cause));
            }
            return Objects.requireNonNullElse(fault.getMessage(), fault.toString());
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }
}
