package dev.culvert.edge.signin;

import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Resource;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import dev.culvert.edge.issuers.Algorithms;
import dev.culvert.edge.issuers.Documents;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an identity provider says of itself (OpenID Connect Discovery 1.0): its places, and what proves its tokens. Kept, also
 * while it is away. Safe for use by any thread, and blocks it while the provider is asked.
 */
final class Discovery {
    /** How long what it says of itself counts; it names its places there, which hardly ever change. */
    private static final Duration KEEP = Duration.ofHours(1);

    /** How long its keys count without a look at whether there are others. */
    private static final Duration KEEP_KEYS = Duration.ofMinutes(5);

    /** In this time its keys are fetched twice at most. */
    private static final Duration BETWEEN_FETCHES = Duration.ofSeconds(10);

    /** How long nobody waits for it once it was away: else each visitor would, and a few threads are all there are. */
    static final Duration AGAIN = Duration.ofSeconds(5);

    /** How far its clock and this one may be apart. */
    private static final Duration CLOCK_SKEW = Duration.ofSeconds(60);

    private static final Logger LOGGER = LoggerFactory.getLogger(Discovery.class);

    private final ProviderFile options;
    private final Documents documents;
    private final Duration within;
    private final Duration again;
    private volatile @Nullable Known known;
    private volatile @Nullable Away away;

    /** Why it could not be asked what it is, and when. */
    private record Away(String fault, long nanos) {
        boolean isOver(Duration again) {
            return System.nanoTime() - nanos >= again.toNanos();
        }
    }

    /** What it says of itself, and what proves its tokens. */
    record Known(OIDCProviderMetadata metadata, IDTokenValidator tokens, long nanos) {
        boolean isFresh() {
            return System.nanoTime() - nanos < KEEP.toNanos();
        }
    }

    /**
     * Asks nothing yet.
     *
     * @param within how long one answer may take
     * @param again how long after it was away it is asked again; {@link #AGAIN} in production
     */
    Discovery(ProviderFile options, Documents documents, Duration within, Duration again) {
        this.options = options;
        this.documents = documents;
        this.within = within;
        this.again = again;
    }

    /** Whether it has said what it is, and not long ago. */
    boolean isFresh() {
        Known now = known;
        return now != null && now.isFresh();
    }

    /** What it says of itself; asked where that is not known, or old. */
    Known known() throws SignInException {
        Known before = known;
        if (before != null && before.isFresh()) {
            return before;
        }
        Away away = this.away;
        if (away == null || away.isOver(again)) {
            try {
                return discovered(before);
            } catch (IOException | GeneralException | URISyntaxException e) {
                away = new Away(String.valueOf(e.getMessage()), System.nanoTime());
                tell(this.away, away);
                this.away = away;
            }
        }
        if (before != null) {
            return before; // It names the same places most likely, when it is back.
        }
        throw SignInException.away(away.fault(), null);
    }

    private Known discovered(@Nullable Known before) throws IOException, GeneralException, URISyntaxException {
        Issuer issuer = new Issuer(options.issuer());
        OIDCProviderMetadata metadata = OIDCProviderMetadata.parse(
                documents.text(OIDCProviderMetadata.resolveURL(issuer).toURI(), within));
        if (!issuer.equals(metadata.getIssuer())) { // OpenID Connect Discovery 1.0, 4.3.
            throw new IOException("what is there calls itself " + metadata.getIssuer());
        }
        requireSafe(metadata.getAuthorizationEndpointURI());
        requireSafe(metadata.getTokenEndpointURI());
        requireSafe(metadata.getJWKSetURI());
        if (metadata.getUserInfoEndpointURI() != null) {
            requireSafe(metadata.getUserInfoEndpointURI());
        }
        Known now = new Known(metadata, validator(metadata, before), System.nanoTime());
        known = now;
        away = null;
        return now;
    }

    /** Once for each fault: visitors come as often as they like. */
    private void tell(@Nullable Away before, Away now) {
        if (before == null || !before.fault().equals(now.fault())) {
            LOGGER.atWarn()
                    .addKeyValue("issuer", options.issuer())
                    .addKeyValue("fault", now.fault())
                    .log("the identity provider cannot be asked what it is; it is asked again");
        }
    }

    /** The one before where nothing has changed: it has keys. */
    private IDTokenValidator validator(OIDCProviderMetadata metadata, @Nullable Known before) throws IOException {
        if (before != null && before.metadata().getJWKSetURI().equals(metadata.getJWKSetURI())) {
            return before.tokens();
        }
        JWKSource<SecurityContext> keys = JWKSourceBuilder.create(
                        metadata.getJWKSetURI().toURL(), this::fetch)
                .cache(KEEP_KEYS.toMillis(), 2 * within.toMillis())
                .refreshAheadCache(false) // That would take a thread of its own.
                .rateLimited(BETWEEN_FETCHES.toMillis())
                .outageTolerant(KEEP.toMillis())
                .build();
        IDTokenValidator validator = new IDTokenValidator(
                metadata.getIssuer(),
                new ClientID(options.clientId()),
                new JWSVerificationKeySelector<>(Algorithms.OF_KEY_PAIRS, keys),
                null);
        validator.setMaxClockSkew((int) CLOCK_SKEW.toSeconds());
        return validator;
    }

    private Resource fetch(URL place) throws IOException {
        return new Resource(documents.text(URI.create(place.toString()), within), "application/json");
    }

    private static void requireSafe(@Nullable URI place) throws IOException {
        if (place == null || !Documents.isSafe(place)) {
            throw new IOException("it names a place that is not at an https URL: " + place);
        }
    }
}
