package dev.culvert.edge.access;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
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
 * Knows agents by tokens whose hashes an operator keeps in a file. The file is read again every
 * {@linkplain #start interval}, whole: it is small, and editors that replace files, clocks with coarse ticks and mounted
 * secrets defeat everything cleverer. A change counts once two readings in a row agree on it, because a file that is being written
 * in place is empty or cut off for a moment, and that must not end anybody's lanes. A file that turns out broken changes
 * nothing and is logged once.
 *
 * <p>A token is looked up by its hash, so the time that takes says nothing about the tokens there are. Safe for use by
 * any thread.
 */
public final class TokenFileAuthenticator implements Authenticator {
    /** A withdrawn token ends its agents' lanes within two of these. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(TokenFileAuthenticator.class);

    private final Vertx vertx;
    private final TokenFile file;
    private final List<Consumer<Identity>> revoked = new CopyOnWriteArrayList<>();
    private volatile Map<String, TokenLine> tokens;
    private volatile long timer;
    private volatile boolean closed;

    // One reload follows the other; these are its own.
    private volatile @Nullable Map<String, TokenLine> candidate;
    private volatile @Nullable String fault;

    private TokenFileAuthenticator(Vertx vertx, TokenFile file, Map<String, TokenLine> tokens) {
        this.vertx = vertx;
        this.file = file;
        this.tokens = tokens;
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param interval how long after a reading the next one starts; {@link #INTERVAL} in production
     * @return fails with a {@link ConfigException} when the file cannot be read, or that names the line that is wrong
     */
    public static Future<TokenFileAuthenticator> start(Vertx vertx, TokenFile file, Duration interval) {
        return vertx.executeBlocking(file::read, false)
                .recover(fault -> Future.failedFuture(new ConfigException("--tokens: " + inWords(file, fault))))
                .map(tokens -> {
                    var authenticator = new TokenFileAuthenticator(vertx, file, tokens);
                    authenticator.watch(interval);
                    return authenticator;
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
        TokenLine line = tokens.get(Hash.of(token));
        return line == null
                ? Future.failedFuture(
                        new UnauthorizedException(
                                "the edge does not know this token, or it was withdrawn; ask the edge's operator for a new one"))
                : Future.succeededFuture(line.identity());
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        revoked.add(listener);
    }

    /** Stops watching the file. */
    public void close() {
        closed = true; // A reload that is under way starts no other.
        vertx.cancelTimer(timer);
    }

    private void watch(Duration interval) {
        timer = vertx.setTimer(interval.toMillis(), fired -> reload().onComplete(done -> {
            if (!closed) {
                watch(interval);
            }
        }));
    }

    private Future<Void> reload() {
        return vertx.executeBlocking(file::read, false)
                .onComplete(this::take, this::keep)
                .mapEmpty();
    }

    private void take(Map<String, TokenLine> read) {
        fault = null;
        Map<String, TokenLine> before = tokens;
        if (read.equals(before)) {
            candidate = null;
        } else if (read.equals(candidate)) {
            candidate = null;
            replace(before, read);
        } else {
            candidate = read;
        }
    }

    private void replace(Map<String, TokenLine> before, Map<String, TokenLine> now) {
        tokens = now;
        LOGGER.atInfo()
                .addKeyValue("file", file)
                .addKeyValue("tokens", now.size())
                .log("tokens file changed; in force");
        // A token whose line changed is another identity now: its lanes end, and its agents come back as that.
        before.forEach((hash, line) -> {
            if (!line.equals(now.get(hash))) {
                LOGGER.atInfo().addKeyValue("owner", line.owner()).log("token withdrawn; its lanes end");
                revoked.forEach(listener -> listener.accept(line.identity()));
            }
        });
    }

    private void keep(Throwable fault) {
        candidate = null;
        String words = inWords(file, fault);
        if (!Objects.equals(words, this.fault)) {
            this.fault = words;
            LOGGER.atError().addKeyValue("fault", words).log("tokens file is broken; keeping the tokens read before");
        }
    }

    private static String inWords(TokenFile file, Throwable fault) {
        if (fault instanceof NoSuchFileException) {
            return "the tokens file %s does not exist; culvert token create writes one".formatted(file);
        }
        if (fault instanceof IOException cause) {
            return "the tokens file does not open: %s".formatted(FileFaults.sentence(file.path(), cause));
        }
        return Objects.requireNonNullElse(fault.getMessage(), fault.toString());
    }
}
