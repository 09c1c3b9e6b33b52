package dev.culvert.edge.access;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One line of the tokens file: {@code owner  sha256:<hex>  pattern[,pattern…]}.
 *
 * @param owner whose names the token's bearer gets
 * @param hash SHA-256 of the token, 64 lower-case hex digits
 * @param names which names the bearer may have
 */
public record TokenLine(String owner, String hash, NamePatterns names) {
    private static final Pattern OWNER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,62}");
    private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
    private static final String HASH_PREFIX = "sha256:";

    public TokenLine {
        owner = requireOwner(owner);
        if (!SHA_256.matcher(hash).matches()) {
            throw new IllegalArgumentException(
                    "the hash must be 64 hex digits, had %d characters".formatted(hash.length()));
        }
    }

    /** The text, if an operator may call an owner so. */
    @CanIgnoreReturnValue
    public static String requireOwner(String owner) {
        if (!OWNER.matcher(owner).matches()) {
            throw new IllegalArgumentException(
                    "%s is not an owner: wanted 1 to 63 letters, digits or . _ @ + -, the first a letter or digit"
                            .formatted(owner));
        }
        return owner;
    }

    /** Reads a line that is neither empty nor a comment; says in its exception what is wrong with it. */
    static TokenLine parse(String line) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length != 3) {
            throw new IllegalArgumentException(
                    "wanted three fields, owner sha256:<hash> pattern[,pattern], found %d".formatted(fields.length));
        }
        if (!fields[1].startsWith(HASH_PREFIX)) {
            // Not shown: it may be the token itself, put there by mistake.
            throw new IllegalArgumentException("the second field must be sha256:<hash of the token>");
        }
        return new TokenLine(
                fields[0],
                fields[1].substring(HASH_PREFIX.length()).toLowerCase(Locale.ROOT),
                NamePatterns.parse(fields[2]));
    }

    /** Who shows up with the token. */
    Identity identity() {
        return new Identity(owner, hash.substring(0, 16), names);
    }

    /** The line as the file has it. */
    @Override
    public String toString() {
        return owner + "  " + HASH_PREFIX + hash + "  " + names;
    }
}
