package dev.culvert.edge.acme;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An account that the operator has with the authority already, which the one of ACME is bound to (RFC 8555, 7.3.4).
 *
 * @param id what the authority calls it
 * @param key what it gave for it, in base64url
 */
record ExternalAccount(String id, Secret key) {
    /** Characters in base64url: 32 bytes, which HMAC with SHA-256 asks for (RFC 7518, 3.2). */
    private static final int LEAST_KEY = 43;

    private static final Pattern LINE = Pattern.compile("(\\S+)\\s+([A-Za-z0-9_-]+)=*");

    /**
     * Reads one from a file with both in one line. Blocks.
     *
     * @throws ConfigException where it is not so
     */
    static ExternalAccount read(Path file) {
        try {
            Matcher line = LINE.matcher(Files.readString(file).strip());
            if (line.matches() && line.group(2).length() >= LEAST_KEY) {
                return new ExternalAccount(line.group(1), Secret.of(line.group(2)));
            }
        } catch (IOException e) {
            throw new ConfigException("--acme-eab-file: " + FileFaults.sentence(file, e));
        }
        throw new ConfigException(
                "--acme-eab-file: %s must have one line with the account's key identifier and its HMAC key in base64url, of 32 bytes at least, and a space between them"
                        .formatted(file));
    }
}
