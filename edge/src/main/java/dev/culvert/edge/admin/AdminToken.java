package dev.culvert.edge.admin;

import dev.culvert.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/** What a caller of the admin API must know. Prints as {@code ***}. */
public final class AdminToken {
    private static final int SHORTEST = 16;
    private static final String SCHEME = "Bearer ";

    private final byte[] hash;

    private AdminToken(byte[] hash) {
        this.hash = hash;
    }

    /**
     * Reads the file's only line.
     *
     * @throws ConfigException when it cannot be read or is too short to be a secret
     */
    public static AdminToken read(Path file) {
        try {
            return of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new ConfigException("--admin-token-file: cannot read %s".formatted(file));
        }
    }

    /** The token with this value. */
    public static AdminToken of(String value) {
        if (value.length() < SHORTEST || value.lines().count() > 1) {
            throw new ConfigException(
                    "--admin-token-file must hold one line of at least %d characters, as `openssl rand -hex 16` prints"
                            .formatted(SHORTEST));
        }
        return new AdminToken(sha256(value));
    }

    /** Whether the value of an Authorization field shows it. Takes as long for a near miss as for a far one. */
    public boolean isIn(@Nullable String authorization) {
        return authorization != null
                && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && MessageDigest.isEqual(
                        hash, sha256(authorization.substring(SCHEME.length()).strip()));
    }

    @Override
    public String toString() {
        return "***";
    }

    private static byte[] sha256(String value) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
