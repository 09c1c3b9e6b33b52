package dev.culvert.edge.access;

import dev.culvert.config.Hash;
import dev.culvert.config.Secret;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * A token that was just made. It is shown once; only the line, with its hash, is kept.
 *
 * @param secret what the agent gets: {@code cvt_} and 256 random bits in base64url
 * @param line what the tokens file gets
 */
public record Token(Secret secret, TokenLine line) {
    /** Makes a leaked token easy to recognise for people and for scanners. */
    private static final String PREFIX = "cvt_";

    private static final int RANDOM_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A new token for the owner; says in its exception what is wrong with the owner. */
    public static Token create(String owner, NamePatterns names) {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        String text = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        return new Token(Secret.of(text), new TokenLine(owner, Hash.of(text), names));
    }
}
