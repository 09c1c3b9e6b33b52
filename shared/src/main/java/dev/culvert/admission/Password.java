package dev.culvert.admission;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Hash;
import java.nio.charset.StandardCharsets;

/**
 * What is kept of a visitor's name and password (RFC 7617).
 *
 * @param hash SHA-256 of {@code name:password} in UTF-8, in hex. Fast on purpose: an edge computes it for each request.
 *     Who can read it can try short passwords, hence {@link #FEWEST_CHARS}
 */
public record Password(String hash) {
    /** Fewest characters of a password: with less, guessing is a matter of patience. */
    public static final int FEWEST_CHARS = 8;

    /** Most characters of name and password together, so that each fits into a request's head with room to spare. */
    public static final int MOST_CHARS = 255;

    private static final int HASH_CHARS = 64;

    public Password {
        if (!isHash(hash)) {
            throw new IllegalArgumentException("a password's hash has 64 hexadecimal digits");
        }
    }

    /**
     * Reads {@code name:password}. The name has no colon, the password may.
     *
     * @throws ConfigException in words for whoever wrote it, which never say the password
     */
    public static Password parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 1) {
            throw new ConfigException("must be a name and a password with a colon between them");
        } else if (text.length() - colon - 1 < FEWEST_CHARS) {
            throw new ConfigException("a password has %d characters at least".formatted(FEWEST_CHARS));
        } else if (text.length() > MOST_CHARS) {
            throw new ConfigException("a name and its password have %d characters at most".formatted(MOST_CHARS));
        } else if (!isWhole(text)) {
            throw new ConfigException(
                    "a name or password has letters that were lost on the way here: in a locale without UTF-8 use a file");
        } else if (text.chars().anyMatch(Character::isISOControl)) {
            throw new ConfigException("names and passwords have no control characters");
        }
        return of(text);
    }

    /** No regular expression: it is asked for each request. */
    private static boolean isHash(String text) {
        for (int at = 0; at < text.length(); at++) {
            if (Character.digit(text.charAt(at), 16) < 0 || Character.isUpperCase(text.charAt(at))) {
                return false;
            }
        }
        return text.length() == HASH_CHARS;
    }

    /** Where a text was read by the wrong charset, one character stands for all that it does not know. */
    private static boolean isWhole(String text) {
        return text.indexOf('\uFFFD') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /** What is kept of {@code name:password}, whatever it is. */
    public static Password of(String text) {
        return new Password(Hash.of(text));
    }
}
