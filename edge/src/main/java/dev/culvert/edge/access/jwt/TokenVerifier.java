package dev.culvert.edge.access.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.BadJWSException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.jwt.proc.ExpiredJWTException;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.issuers.Algorithms;
import java.text.ParseException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Proves the tokens of one issuer: signature, {@code iss}, {@code aud}, {@code exp}, {@code nbf}. Safe for use by any
 * thread; blocks it while keys are fetched.
 */
final class TokenVerifier {
    /** How far the issuer's clock and this one may be apart. */
    static final Duration CLOCK_SKEW = Duration.ofSeconds(60);

    /** Access tokens that say that they are some (RFC 9068); beside ID tokens, and not what an issuer signs for other ends. */
    private static final JOSEObjectType ACCESS_TOKEN = new JOSEObjectType("at+jwt");

    private static final JOSEObjectType LONG_ACCESS_TOKEN = new JOSEObjectType("application/at+jwt");

    /** How long keys count without a look at whether there are others: so long may one that was withdrawn be in use. */
    private static final Duration KEEP = Duration.ofMinutes(5);

    /** How long they count where the issuer cannot be reached. */
    private static final Duration KEEP_IN_OUTAGE = Duration.ofHours(1);

    /**
     * In this time keys are fetched twice at most, whatever tokens come: once because what is known is old, and once because
     * a token names a key that is not known.
     */
    private static final Duration BETWEEN_FETCHES = Duration.ofSeconds(10);

    private final Issuer issuer;
    private final @Nullable PublishedKeys published;
    private final DefaultJWTProcessor<SecurityContext> processor;
    private final AtomicLong renewedNanos = new AtomicLong(System.nanoTime());

    TokenVerifier(Issuer issuer) {
        this.issuer = issuer;
        if (issuer.keys() instanceof Issuer.Given given) {
            published = null;
            processor = by(issuer, given(given.set()));
        } else {
            published = new PublishedKeys(issuer, PublishedKeys.WITHIN);
            processor = by(issuer, kept(published));
        }
    }

    private static DefaultJWTProcessor<SecurityContext> by(Issuer issuer, JWKSource<SecurityContext> keys) {
        DefaultJWTProcessor<SecurityContext> processing = new DefaultJWTProcessor<>();
        DefaultJWTClaimsVerifier<SecurityContext> claims = new DefaultJWTClaimsVerifier<>(
                issuer.audience(),
                new JWTClaimsSet.Builder().issuer(issuer.name()).build(),
                Set.of("exp"));
        claims.setMaxClockSkew((int) CLOCK_SKEW.toSeconds());
        processing.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(
                JOSEObjectType.JWT, ACCESS_TOKEN, LONG_ACCESS_TOKEN, null)); // Most say nothing.
        processing.setJWSKeySelector(new JWSVerificationKeySelector<>(Algorithms.OF_KEY_PAIRS, keys));
        processing.setJWTClaimsSetVerifier(claims);
        return processing;
    }

    /**
     * Whether a token that names this key, or none, can be proven by keys that are here already, so that nobody waits for the
     * issuer. They count as long as they do where he is away.
     */
    boolean needsNoFetch(@Nullable String keyId) {
        if (published == null) {
            return true;
        }
        PublishedKeys.Latest latest = published.latest();
        return latest != null
                && latest.age().compareTo(KEEP_IN_OUTAGE) < 0
                && (keyId == null || latest.keys().getKeyByKeyId(keyId) != null);
    }

    /** The same as {@link #prove} for a token that {@linkplain #needsNoFetch needs no fetch}; waits for nobody. */
    JWTClaimsSet proveAtOnce(SignedJWT token) {
        PublishedKeys.Latest latest = published == null ? null : published.latest();
        return prove(token, latest == null ? processor : by(issuer, new ImmutableJWKSet<>(latest.keys())));
    }

    /** Whether the caller is to {@link #renew} keys now, which count still but are old; one caller at a time is told so. */
    boolean isDue() {
        PublishedKeys.Latest latest = published == null ? null : published.latest();
        long now = System.nanoTime();
        long before = renewedNanos.get();
        return latest != null
                && latest.age().compareTo(KEEP) >= 0
                && now - before >= BETWEEN_FETCHES.toNanos()
                && renewedNanos.compareAndSet(before, now);
    }

    /** Fetches them. */
    void renew() {
        if (published != null) {
            published.fetch();
        }
    }

    private static JWKSource<SecurityContext> given(String set) {
        try {
            return new ImmutableJWKSet<>(KeySets.parse(set));
        } catch (ParseException e) {
            throw new IllegalStateException("the file was read as a key set before", e);
        }
    }

    private static JWKSource<SecurityContext> kept(PublishedKeys published) {
        // Not ahead of time: that would take a thread of its own, to save an agent a second in five minutes.
        return JWKSourceBuilder.create(published)
                .cache(KEEP.toMillis(), 2 * PublishedKeys.WITHIN.toMillis())
                .refreshAheadCache(false)
                .rateLimited(BETWEEN_FETCHES.toMillis())
                .retrying(true)
                .outageTolerant(KEEP_IN_OUTAGE.toMillis())
                .build();
    }

    /**
     * What a token says, once it is proven.
     *
     * @throws UnauthorizedException where it does not count
     * @throws UndecidedException where the issuer's keys are not to be had
     */
    JWTClaimsSet prove(SignedJWT token) {
        return prove(token, processor);
    }

    private JWTClaimsSet prove(SignedJWT token, DefaultJWTProcessor<SecurityContext> by) {
        JOSEObjectType type = token.getHeader().getType();
        if (!Algorithms.OF_KEY_PAIRS.contains(token.getHeader().getAlgorithm())) {
            throw new UnauthorizedException(
                    "the token is signed in a way that proves nothing here; its issuer must use RS256 or ES256, or their relatives");
        }
        if (type != null
                && !type.equals(JOSEObjectType.JWT)
                && !type.equals(ACCESS_TOKEN)
                && !type.equals(LONG_ACCESS_TOKEN)) {
            throw new UnauthorizedException("the token is of another kind (typ): show an ID token or an access token");
        }
        try {
            return by.process(token, null);
        } catch (RateLimitReachedException e) {
            throw new UndecidedException(
                    "the edge has asked %s for its keys a moment ago, and does so again in some seconds"
                            .formatted(issuer.name()));
        } catch (KeySourceException e) {
            throw keysNotToBeHad();
        } catch (BadJWTException e) {
            throw new UnauthorizedException(inWords(e, claims(token)));
        } catch (BadJWSException e) {
            throw notSigned();
        } catch (BadJOSEException | JOSEException e) {
            // No key fits; where the issuer is away, one may that is not known yet.
            throw published != null && published.isAway() ? keysNotToBeHad() : notSigned();
        } catch (RuntimeException e) {
            throw new UnauthorizedException("the token's claims cannot be read"); // As the library has it for some.
        }
    }

    private UndecidedException keysNotToBeHad() {
        return new UndecidedException(
                "the edge cannot fetch the keys of %s at the moment, which it needs to prove the token"
                        .formatted(issuer.name()));
    }

    private UnauthorizedException notSigned() {
        return new UnauthorizedException(
                "the token is not signed by %s, which it says it is of".formatted(issuer.name()));
    }

    private String inWords(BadJWTException fault, @Nullable JWTClaimsSet claims) {
        if (fault instanceof ExpiredJWTException) {
            return "the token has expired; get a new one";
        } else if (claims == null) {
            return "the token has no claims that can be read";
        } else if (!claims.getAudience().contains(issuer.audience())) {
            return "the token is for others (aud); ask its issuer for one for the audience " + issuer.audience();
        } else if (claims.getExpirationTime() == null) {
            return "the token never ends (exp), and such are not taken";
        } else if (claims.getNotBeforeTime() != null) {
            return "the token does not count yet (nbf); do the clocks of its issuer and of the edge agree?";
        }
        return "the token's claims are not as they have to be";
    }

    private static @Nullable JWTClaimsSet claims(SignedJWT token) {
        try {
            return token.getJWTClaimsSet();
        } catch (ParseException e) {
            return null;
        }
    }
}
