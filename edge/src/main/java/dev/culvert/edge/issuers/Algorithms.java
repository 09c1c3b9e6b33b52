package dev.culvert.edge.issuers;

import com.nimbusds.jose.JWSAlgorithm;
import java.util.Set;

/** How tokens may be signed. */
public final class Algorithms {
    /**
     * Those of a private and a public key. With others, HMAC above all, who knows the published key could sign what he
     * likes.
     */
    public static final Set<JWSAlgorithm> OF_KEY_PAIRS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);

    private Algorithms() {}
}
