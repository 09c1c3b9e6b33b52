package dev.culvert.edge.access.jwt;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.UnauthorizedException;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One whose tokens count, and for which agents.
 *
 * @param name exactly what its tokens say in {@code iss}
 * @param audience what they must say in {@code aud}, alone or with others: that they are meant for this edge
 * @param keys where its public keys are
 * @param ca who signs its own certificate; none for those that Java trusts
 * @param rules its agents; the first that fits counts
 */
record Issuer(String name, String audience, Keys keys, List<X509Certificate> ca, List<Rule> rules) {
    Issuer {
        ca = List.copyOf(ca);
        rules = List.copyOf(rules);
    }

    /** Where public keys are. */
    sealed interface Keys {}

    /** Where the issuer's {@code /.well-known/openid-configuration} says (OpenID Connect Discovery 1.0). */
    record Discovered(URI configuration) implements Keys {}

    /** A JWK set (RFC 7517) at this place. */
    record At(URI place) implements Keys {}

    /** A JWK set that the operator brings. */
    record Given(String set) implements Keys {}

    /** Whether what proves the tokens of the one proves those of the other. */
    boolean provesAs(Issuer other) {
        return name.equals(other.name)
                && audience.equals(other.audience)
                && keys.equals(other.keys)
                && ca.equals(other.ca);
    }

    /**
     * Who shows up with a token that was proven genuine.
     *
     * @param credential as the identity has it
     * @throws UnauthorizedException where no rule fits, or what the token says makes no identity
     */
    Identity identity(JWTClaimsSet claims, String credential, @Nullable Instant ends) {
        Map<String, Object> found = claims.getClaims();
        Rule rule = rules.stream()
                .filter(one -> one.fits(found))
                .findFirst()
                .orElseThrow(() -> new UnauthorizedException(
                        "the token is genuine, but this edge has no rule for its claims; ask the edge's operator"));
        return new Identity(rule.ownerOf(found), credential, rule.namesOf(found), ends);
    }

    /** Whether the token that made this identity would make it again. */
    boolean stillMeans(JWTClaimsSet claims, Identity identity) {
        if (!claims.getAudience().contains(audience)) {
            return false;
        }
        try {
            return identity(claims, identity.credential(), identity.ends()).equals(identity);
        } catch (UnauthorizedException e) {
            return false;
        }
    }
}
