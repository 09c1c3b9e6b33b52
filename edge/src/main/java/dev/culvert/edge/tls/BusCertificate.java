package dev.culvert.edge.tls;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.config.Authorities;
import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate by which a node shows the others on the event bus that it is one of them ({@code --bus-tls}). The bus
 * reads it once, at its start, and says nothing of one that the others turn down, so it is looked at before.
 *
 * @param file where it is
 * @param until when it ends
 */
public record BusCertificate(Path file, Instant until) {
    /** From here on an operator should know: nobody renews these by themselves. */
    private static final Duration SOON = Duration.ofDays(30);

    /** How long after {@link #remind} it should be called again. */
    public static final Duration REMINDED_EVERY = Duration.ofDays(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(BusCertificate.class);

    /**
     * Reads the files of a node, and takes its certificate for what other nodes with the same authority will. Blocks.
     *
     * @throws ConfigException where they would turn it down
     */
    public static BusCertificate read(Path certificate, Path key, Path authority, Instant now) {
        KeyAndChain own = parse(certificate, key);
        if (own.since().isAfter(now)) {
            throw wrong("%s does not begin before %s, and here it is %s".formatted(certificate, own.since(), now));
        }
        if (own.until().isBefore(now)) {
            throw wrong("%s has ended at %s; make this node a new one with cluster-config/make-authority"
                    .formatted(certificate, own.until()));
        }
        requireTrusted(own.chain(), certificate, authority);
        return new BusCertificate(certificate, own.until());
    }

    /**
     * Says that it ends, if that is soon: at the start, and once a day from then on, because whoever started the edge
     * months ago has not seen the first time.
     */
    @CanIgnoreReturnValue
    public boolean remind(Instant now) {
        if (now.isBefore(until.minus(SOON))) {
            return false;
        }
        LOGGER.atWarn()
                .addKeyValue("file", file)
                .addKeyValue("until", until)
                .log("certificate of the event bus ends soon or has ended; then other nodes turn this one down, "
                        + "so make it a new one and restart it");
        return true;
    }

    private static KeyAndChain parse(Path certificate, Path key) {
        try {
            return KeyAndChain.ofPem(text(certificate), text(key));
        } catch (BrokenCertificateException e) {
            throw wrong("%s and %s: %s".formatted(certificate, key, e.getMessage()));
        }
    }

    /** By the JDK's own check, which is the one that the bus makes; nodes are clients and servers to each other. */
    private static void requireTrusted(List<X509Certificate> chain, Path certificate, Path authority) {
        X509TrustManager nodes = trusting(authority);
        X509Certificate[] shown = chain.toArray(X509Certificate[]::new);
        try {
            nodes.checkServerTrusted(shown, "UNKNOWN");
            nodes.checkClientTrusted(shown, "UNKNOWN");
        } catch (CertificateException e) {
            throw wrong("%s is not one that %s has signed for a node: %s"
                    .formatted(certificate, authority, e.getMessage()));
        }
    }

    private static X509TrustManager trusting(Path authority) {
        try {
            List<X509Certificate> authorities = KeyAndChain.chain(text(authority));
            if (authorities.isEmpty()) {
                throw wrong(authority + " has no CERTIFICATE in it");
            }
            return Authorities.only(authorities);
        } catch (BrokenCertificateException e) {
            throw wrong("%s: %s".formatted(authority, e.getMessage()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Java cannot check certificates", e);
        }
    }

    private static String text(Path file) {
        try {
            return SmallFile.text(file, SmallFile.LARGEST_BYTES);
        } catch (IOException e) {
            throw wrong(FileFaults.sentence(file, e));
        }
    }

    private static ConfigException wrong(String sentence) {
        return new ConfigException("--bus-tls: " + sentence);
    }
}
