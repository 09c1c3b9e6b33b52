package dev.culvert.edge.access.jwt;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.proc.SecurityContext;
import dev.culvert.edge.issuers.Documents;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that an issuer publishes, fetched each time they are asked for; who asks keeps them. Safe for use by any thread,
 * and blocks it for no longer than it was told to.
 */
final class PublishedKeys implements JWKSetSource<SecurityContext> {
    /** For all that one fetch takes. Two of them, one after the other, are over before an agent gives up on its HELLO. */
    static final Duration WITHIN = Duration.ofSeconds(4);

    private static final Logger LOGGER = LoggerFactory.getLogger(PublishedKeys.class);

    private final Issuer issuer;
    private final Duration within;
    private final Documents documents;
    private volatile @Nullable URI discovered;
    private volatile @Nullable String fault;
    private volatile @Nullable Latest latest;

    /** What was fetched last, and when. */
    record Latest(JWKSet keys, long nanos) {
        Duration age() {
            return Duration.ofNanos(System.nanoTime() - nanos);
        }
    }

    /**
     * Fetches nothing yet.
     *
     * @param within how long one fetch may take, discovery included; {@link #WITHIN} in production
     */
    PublishedKeys(Issuer issuer, Duration within) {
        this.issuer = issuer;
        this.within = within;
        this.documents = new Documents(issuer.ca());
    }

    @Override
    public JWKSet getJWKSet(
            JWKSetCacheRefreshEvaluator evaluator, long currentTimeMillis, @Nullable SecurityContext context)
            throws KeySourceException {
        long begunNanos = System.nanoTime();
        try {
            JWKSet keys = KeySets.parse(documents.text(place(begunNanos), left(begunNanos)));
            tell(null);
            latest = new Latest(keys, System.nanoTime());
            return keys;
        } catch (IOException | ParseException e) {
            discovered = null; // They may have moved.
            tell(String.valueOf(e.getMessage()));
            throw new JWKSetUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Fetches them for who does not need them at once. */
    void fetch() {
        try {
            JWKSet fetched = getJWKSet(JWKSetCacheRefreshEvaluator.noRefresh(), System.currentTimeMillis(), null);
            assert fetched != null;
        } catch (KeySourceException e) {
            // It was told, and what is known counts on.
        }
    }

    /** What was fetched last; null where nothing was yet. */
    @Nullable
    Latest latest() {
        return latest;
    }

    /** Whether the last fetch has failed, so that there may be keys that are not known here. */
    boolean isAway() {
        return fault != null;
    }

    private URI place(long begunNanos) throws IOException {
        if (issuer.keys() instanceof Issuer.At given) {
            return given.place();
        }
        URI known = discovered;
        if (known == null && issuer.keys() instanceof Issuer.Discovered place) {
            known = discover(place.configuration(), begunNanos);
            discovered = known;
        }
        return Objects.requireNonNull(known);
    }

    private URI discover(URI place, long begunNanos) throws IOException {
        try {
            JsonObject configuration = new JsonObject(documents.text(place, left(begunNanos)));
            if (!issuer.name().equals(configuration.getString("issuer"))) {
                throw new IOException("%s is of another issuer".formatted(place)); // OpenID Connect Discovery, 4.3.
            }
            URI keys = URI.create(configuration.getString("jwks_uri", ""));
            if (Documents.isSafe(keys)) {
                return keys;
            }
        } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
            // Said below.
        }
        throw new IOException("%s names no keys at an https URL".formatted(place));
    }

    private Duration left(long begunNanos) {
        Duration left = within.minusNanos(System.nanoTime() - begunNanos);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** Once for each new fault, and when it is over. */
    private void tell(@Nullable String now) {
        String before = fault;
        fault = now;
        if (now != null && !now.equals(before)) {
            LOGGER.atWarn()
                    .addKeyValue("issuer", issuer.name())
                    .addKeyValue("fault", now)
                    .log("issuer's keys cannot be fetched; going on with those that are known, and asking again");
        } else if (now == null && before != null) {
            LOGGER.atInfo().addKeyValue("issuer", issuer.name()).log("issuer's keys can be fetched again");
        }
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
