package dev.culvert.edge.access.jwt;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Hash;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.access.WatchedFile;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows agents by signed tokens (JWT, RFC 7519) of {@linkplain Issuer issuers} that an operator lists in a
 * {@linkplain WatchedFile file}. Safe for use by any thread.
 */
public final class JwtAuthenticator implements Authenticator {
    private static final Logger LOGGER = LoggerFactory.getLogger(JwtAuthenticator.class);

    /** Three parts in base64url, of which the last is empty where nobody has signed. */
    private static final Pattern JWT = Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*");

    /** Characters of a token: those that list a person's groups have up to 8 KiB, and each costs a look at its text. */
    private static final int MOST_CHARACTERS = 16 * 1024;

    /** Tokens that wait at once, of all agents together; beyond, agents are asked to come again. 16 MiB at worst. */
    private static final int MOST_WAITING = 1024;

    /** Threads that prove the tokens of one issuer: one that does not answer holds up nobody else's agents. */
    private static final int THREADS = 2;

    /** What an agent waits for at most: less than the 10 s that it has for its HELLO. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(9);

    private final Vertx vertx;
    private final AtomicInteger waiting = new AtomicInteger();
    private final List<Consumer<Identity>> revoked = new CopyOnWriteArrayList<>();

    /** What the tokens of identities said, for as long as a lane has the identity. */
    private final Cache<Identity, JWTClaimsSet> shown =
            Caffeine.newBuilder().weakKeys().build();

    private volatile Map<String, Trusted> issuers = Map.of();
    private volatile @Nullable WatchedFile<Map<String, Issuer>> file;

    /** An issuer, and what proves its tokens. */
    private record Trusted(Issuer issuer, TokenVerifier verifier, WorkerExecutor threads) {
        Trusted with(Issuer changed) {
            return new Trusted(changed, verifier, threads);
        }
    }

    private JwtAuthenticator(Vertx vertx) {
        this.vertx = vertx;
    }

    /**
     * Reads the file and keeps watching it. No issuer is asked before the first agent shows a token of it.
     *
     * @param interval how long after a reading the next one starts; {@link WatchedFile#INTERVAL} in production
     * @return fails with a {@link ConfigException} that names the file and the line that is wrong
     */
    public static Future<JwtAuthenticator> start(Vertx vertx, Path file, Duration interval) {
        JwtAuthenticator authenticator = new JwtAuthenticator(vertx);
        return WatchedFile.start(vertx, new IssuersFile(file), interval, (before, now) -> authenticator.changeTo(now))
                .map(watched -> {
                    authenticator.file = watched;
                    authenticator.changeTo(watched.value());
                    return authenticator;
                });
    }

    /** Whether the token is a JWT by its looks, and not one of a tokens file. */
    static boolean isJwt(String token) {
        return JWT.matcher(token).matches();
    }

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String token = hello.token();
        if (token == null || !isJwt(token)) {
            return refused(
                    "this edge asks for a token of an issuer that it knows (a JWT): start the agent with --token-command or --token-file");
        }
        if (token.length() > MOST_CHARACTERS) {
            return refused("the token has more than %d characters".formatted(MOST_CHARACTERS));
        }
        SignedJWT jwt;
        Trusted trusted;
        try {
            jwt = SignedJWT.parse(token);
            trusted = issuers.get(String.valueOf(jwt.getJWTClaimsSet().getIssuer()));
        } catch (ParseException e) {
            return refused("the token is not a signed JWT");
        }
        if (trusted == null) {
            return refused("the token is of an issuer (iss) that this edge does not know; ask the edge's operator");
        }
        return prove(jwt, trusted).map(claims -> identity(token, claims));
    }

    private Future<JWTClaimsSet> prove(SignedJWT jwt, Trusted trusted) {
        if (waiting.incrementAndGet() > MOST_WAITING) {
            waiting.decrementAndGet();
            return Future.failedFuture(
                    new UndecidedException("too many agents show tokens to this edge at the moment"));
        }
        long askedNanos = System.nanoTime();
        return trusted.threads()
                .executeBlocking(
                        () -> {
                            if (System.nanoTime() - askedNanos > ANSWER_WITHIN.toNanos()) {
                                throw new TimeoutException(); // Its agent has its answer, and others wait behind it.
                            }
                            return trusted.verifier().prove(jwt);
                        },
                        false)
                .timeout(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
                .onComplete(proven -> waiting.decrementAndGet())
                .recover(fault -> Future.failedFuture(
                        fault instanceof TimeoutException
                                ? new UndecidedException("proving the token takes too long at the moment")
                                : fault));
    }

    /** By the rules that are in force now, which may be others than when the agent came. */
    private Identity identity(String token, JWTClaimsSet claims) {
        Trusted trusted = issuers.get(claims.getIssuer());
        if (trusted == null) {
            throw new UnauthorizedException("the token's issuer has just been taken from the list of this edge");
        }
        Instant ends = claims.getExpirationTime().toInstant().plus(TokenVerifier.CLOCK_SKEW);
        Identity identity = trusted.issuer().identity(claims, Hash.of(token).substring(0, 16), ends);
        shown.put(identity, claims);
        return identity;
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        revoked.add(listener);
    }

    /** Stops watching the file, and proves no more tokens. */
    public synchronized void close() {
        WatchedFile<Map<String, Issuer>> watched = file;
        if (watched != null) {
            watched.close();
        }
        issuers.values().forEach(trusted -> trusted.threads().close());
        issuers = Map.of();
    }

    private synchronized void changeTo(Map<String, Issuer> now) {
        Map<String, Trusted> before = issuers;
        Map<String, Trusted> next = new HashMap<>();
        now.forEach((name, issuer) -> {
            Trusted known = before.get(name);
            next.put(name, known != null && known.issuer().provesAs(issuer) ? known.with(issuer) : trust(issuer));
        });
        issuers = Map.copyOf(next);
        before.forEach((name, gone) -> {
            if (!next.containsKey(name) || next.get(name).threads() != gone.threads()) {
                gone.threads().close();
            }
        });
        shown.asMap().forEach(this::withdrawUnlessMeant);
    }

    private Trusted trust(Issuer issuer) {
        WorkerExecutor threads = vertx.createSharedWorkerExecutor("culvert-tokens-of-" + issuer.name(), THREADS);
        return new Trusted(issuer, new TokenVerifier(issuer), threads);
    }

    private void withdrawUnlessMeant(Identity identity, JWTClaimsSet claims) {
        Trusted trusted = issuers.get(claims.getIssuer());
        if (trusted == null || !trusted.issuer().stillMeans(claims, identity)) {
            LOGGER.atInfo().addKeyValue("owner", identity.owner()).log("no rule fits a token any more; its lanes end");
            shown.invalidate(identity);
            revoked.forEach(listener -> listener.accept(identity));
        }
    }

    private static <T> Future<T> refused(String message) {
        return Future.failedFuture(new UnauthorizedException(message));
    }
}
