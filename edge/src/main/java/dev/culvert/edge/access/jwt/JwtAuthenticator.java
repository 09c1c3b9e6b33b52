package dev.culvert.edge.access.jwt;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Hash;
import dev.culvert.config.WatchedFile;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.OperatorsFiles;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
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

    /** Tokens of an issuer that wait at once for nothing but the processor. 16 MiB at worst. */
    private static final int MOST_WAITING = 1024;

    /** Tokens that wait for the issuer's keys: as many as may have them in time. */
    private static final int MOST_WAITING_FOR_KEYS = 128;

    /** Threads that prove the tokens of one issuer by keys that are known. */
    private static final int THREADS = 2;

    /** The longest that a lane stands by one token: one that ends never, or in years, is shown again. */
    private static final Duration LONGEST = Duration.ofHours(24);

    private final Vertx vertx;
    private final List<Consumer<Identity>> revoked = new CopyOnWriteArrayList<>();

    /** What the tokens of identities said, for as long as a lane has the identity. */
    private final Cache<Identity, Shown> shown =
            Caffeine.newBuilder().weakKeys().build();

    private volatile Map<String, Trusted> issuers = Map.of();
    private volatile @Nullable WatchedFile<Map<String, Issuer>> file;

    /** What a token said, and by what it was proven. */
    private record Shown(JWTClaimsSet claims, TokenVerifier by) {}

    /**
     * An issuer, and what proves its tokens.
     *
     * @param fetching for tokens that name a key that is not known: they wait for an issuer who may not answer, and nobody else does
     */
    private record Trusted(Issuer issuer, TokenVerifier verifier, Provers proving, Provers fetching) {
        Trusted with(Issuer changed) {
            return new Trusted(changed, verifier, proving, fetching);
        }

        void close() {
            proving.close();
            fetching.close();
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
        return OperatorsFiles.watch(
                        vertx, new IssuersFile(file), interval, (before, now) -> authenticator.changeTo(now))
                .map(watched -> {
                    authenticator.file = watched;
                    authenticator.changeTo(watched.value());
                    return authenticator;
                });
    }

    /** Whether the token is a JWT by its looks, and not one of a tokens file. */
    public static boolean isJwt(String token) {
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
        Trusted trusted;
        String key;
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            key = jwt.getHeader().getKeyID();
            trusted = issuers.get(String.valueOf(jwt.getJWTClaimsSet().getIssuer()));
        } catch (ParseException | RuntimeException e) { // As the library has it for some.
            return refused("the token is not a signed JWT");
        }
        if (trusted == null) {
            return refused("the token is of an issuer (iss) that this edge does not know; ask the edge's operator");
        }
        return prove(token, key, trusted).map(claims -> identity(token, claims, trusted.verifier()));
    }

    /** What waits is the token itself: what is read of it may take thirty times its size. */
    private static Future<JWTClaimsSet> prove(String token, @Nullable String key, Trusted trusted) {
        TokenVerifier verifier = trusted.verifier();
        if (!verifier.needsNoFetch(key)) {
            return trusted.fetching().run(() -> verifier.prove(SignedJWT.parse(token)));
        }
        if (verifier.isDue()) {
            trusted.fetching().run(() -> {
                verifier.renew();
                return true;
            });
        }
        return trusted.proving().run(() -> verifier.proveAtOnce(SignedJWT.parse(token)));
    }

    /** By the rules that are in force now, which may be others than when the agent came. */
    private Identity identity(String token, JWTClaimsSet claims, TokenVerifier by) {
        Trusted trusted = issuers.get(claims.getIssuer());
        if (trusted == null || trusted.verifier() != by) {
            throw new UndecidedException("the edge's list of issuers has just changed");
        }
        Instant exp = claims.getExpirationTime().toInstant().plus(TokenVerifier.CLOCK_SKEW);
        Instant latest = Instant.now().plus(LONGEST);
        Identity identity =
                trusted.issuer().identity(claims, Hash.of(token).substring(0, 16), exp.isBefore(latest) ? exp : latest);
        shown.put(identity, new Shown(claims, by));
        return identity;
    }

    @Override
    public boolean stillCounts(Identity identity) {
        Shown known = shown.getIfPresent(identity);
        return known != null && isMeant(identity, known);
    }

    private boolean isMeant(Identity identity, Shown known) {
        Trusted trusted = issuers.get(known.claims().getIssuer());
        return trusted != null
                && trusted.verifier() == known.by()
                && trusted.issuer().stillMeans(known.claims(), identity);
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
        issuers.values().forEach(Trusted::close);
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
            if (!next.containsKey(name) || next.get(name).verifier() != gone.verifier()) {
                gone.close();
            }
        });
        shown.asMap().forEach(this::withdrawUnlessMeant);
    }

    private Trusted trust(Issuer issuer) {
        WorkerExecutor proving = vertx.createSharedWorkerExecutor("culvert-tokens-of-" + issuer.name(), THREADS);
        WorkerExecutor fetching = vertx.createSharedWorkerExecutor("culvert-keys-of-" + issuer.name(), 1);
        return new Trusted(
                issuer,
                new TokenVerifier(issuer),
                new Provers(proving, MOST_WAITING),
                new Provers(fetching, MOST_WAITING_FOR_KEYS));
    }

    private void withdrawUnlessMeant(Identity identity, Shown known) {
        if (!isMeant(identity, known)) {
            LOGGER.atInfo()
                    .addKeyValue("owner", identity.owner())
                    .log("a token does not count any more; its lanes end");
            shown.invalidate(identity);
            revoked.forEach(listener -> listener.accept(identity));
        }
    }

    private static <T> Future<T> refused(String message) {
        return Future.failedFuture(new UnauthorizedException(message));
    }
}
