package dev.culvert.edge.ssh;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.TokenLine;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.Map;
import java.util.Set;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;

/**
 * One line of the keys file: a key as OpenSSH's {@code authorized_keys} has it, before it who may come with it and which
 * names that one may have: {@code owner="ann",names="ann-*,tcp:2222" ssh-ed25519 AAAA… ann@laptop}.
 *
 * @param fingerprint of the key, {@code SHA256:} and its hash
 * @param owner whose names the key's bearer gets; without a word on it, the key's own
 * @param names which names the bearer may have; without a word on it, any
 */
record KeyLine(String fingerprint, String owner, NamePatterns names) {
    private static final String OWNER = "owner";
    private static final String NAMES = "names";

    /** Reads a line that is neither empty nor a comment; says in its exception what is wrong with it. */
    static KeyLine parse(String line) {
        try {
            AuthorizedKeyEntry entry = AuthorizedKeyEntry.parseAuthorizedKeyEntry(line);
            PublicKey key = entry.resolvePublicKey(null, PublicKeyEntryResolver.FAILING);
            Map<String, String> options = entry.getLoginOptions();
            for (String option : options.keySet()) {
                if (!Set.of(OWNER, NAMES).contains(option)) {
                    // One that restricts a key, like from="…", must not be read over.
                    throw new IllegalArgumentException(
                            "%s is not an option here: there are owner=\"…\" and names=\"…\"".formatted(option));
                }
            }
            String fingerprint = KeyUtils.getFingerPrint(key);
            String owner = options.get(OWNER);
            String names = options.get(NAMES);
            return new KeyLine(
                    fingerprint,
                    owner == null ? ownerOf(fingerprint) : TokenLine.requireOwner(owner),
                    names == null ? NamePatterns.ANY : NamePatterns.parse(names));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("the key cannot be read: " + e.getMessage(), e);
        }
    }

    /** Who owns the names of a key that nobody has said more of. */
    static String ownerOf(String fingerprint) {
        return "key:" + fingerprint;
    }

    /** Who shows up with the key. */
    Identity identity() {
        return new Identity(owner, ownerOf(fingerprint), names);
    }
}
