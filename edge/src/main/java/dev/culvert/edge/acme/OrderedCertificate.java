package dev.culvert.edge.acme;

import dev.culvert.edge.tls.BrokenCertificateException;
import dev.culvert.edge.tls.KeyAndChain;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A certificate that was ordered.
 *
 * @param host whom it was ordered for, in the normal form; a domain after {@link #WILDCARD} for all under it
 * @param pem itself, what vouches for it, and its key
 */
record OrderedCertificate(String host, String pem, KeyAndChain certificate) {
    /** What begins the name of one for all hosts directly under a domain. */
    static final String WILDCARD = "*.";

    /** Renewed when a third of its life is left: where an order fails there is time to look into it. */
    private static final int RENEWED_AT_PART = 3;

    private static final Pattern KEY = Pattern.compile("(\\S+) (\\d{1,18}) (\\d{1,18})");

    /** Reads one; fails where it is not for the host. */
    static OrderedCertificate of(String host, String pem) throws BrokenCertificateException {
        KeyAndChain certificate = KeyAndChain.ofPem(pem, pem);
        if (!certificate.covers(host)) {
            throw new BrokenCertificateException("it is not for " + host);
        }
        return new OrderedCertificate(host, pem, certificate);
    }

    /**
     * What all nodes call it: a renewed one is called otherwise, and who has it needs not ask for it.
     *
     * @param since when it begins to be good
     */
    record Key(String host, Instant since, Instant until) {
        static Optional<Key> parse(String text) {
            Matcher key = KEY.matcher(text);
            return key.matches()
                    ? Optional.of(new Key(
                            key.group(1),
                            Instant.ofEpochMilli(Long.parseLong(key.group(2))),
                            Instant.ofEpochMilli(Long.parseLong(key.group(3)))))
                    : Optional.empty();
        }

        /** Whether this one counts, of two for a host. */
        boolean isLaterThan(Key other) {
            return since.equals(other.since) ? until.isAfter(other.until) : since.isAfter(other.since);
        }

        @Override
        public String toString() {
            return "%s %d %d".formatted(host, since.toEpochMilli(), until.toEpochMilli());
        }
    }

    Key key() {
        return new Key(host, certificate.since(), certificate.until());
    }

    /** Whether it has ended. */
    boolean isOver(Instant now) {
        return certificate.until().isBefore(now);
    }

    /** Whether it is time to order another one. */
    boolean isDue(Instant now) {
        Duration life = Duration.between(certificate.since(), certificate.until());
        return certificate.until().minus(life.dividedBy(RENEWED_AT_PART)).isBefore(now);
    }
}
