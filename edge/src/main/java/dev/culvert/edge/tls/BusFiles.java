package dev.culvert.edge.tls;

import dev.culvert.config.Authorities;
import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import dev.culvert.config.WatchedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The files of a node's folder for the event bus ({@code --bus-tls}). The bus says nothing of a certificate that other nodes
 * turn down, so each is looked at before. Used by one thread at a time.
 */
public final class BusFiles implements WatchedFile.Source<BusCertificate> {
    private final Path certificate;
    private final Path key;
    private final Path authority;
    private final Clock clock;
    private List<String> texts = List.of();
    private @Nullable BusCertificate read;

    public BusFiles(Path folder, Clock clock) {
        certificate = folder.resolve("node.crt");
        key = folder.resolve("node.key");
        authority = folder.resolve("authority.crt");
        this.clock = clock;
    }

    /**
     * Reads them, and takes the certificate for what other nodes with the same authority will. What has been read stays good
     * while the files stay as they are, over its end too: there is nothing better.
     *
     * @throws ConfigException where they would turn it down
     */
    @Override
    public BusCertificate read() {
        List<String> now = List.of(text(certificate), text(key), text(authority));
        BusCertificate before = read;
        if (before != null && now.equals(texts)) {
            return before;
        }
        BusCertificate fresh = new BusCertificate(parse(now.get(0), now.get(1)), authorities(now.get(2)));
        requireInForce(fresh.own());
        requireTrusted(fresh);
        read = fresh;
        texts = now;
        return fresh;
    }

    @Override
    public String inWords(Throwable fault) {
        return Objects.requireNonNullElse(fault.getMessage(), fault.toString());
    }

    private KeyAndChain parse(String chainPem, String keyPem) {
        try {
            return KeyAndChain.ofPem(chainPem, keyPem);
        } catch (BrokenCertificateException e) {
            throw wrong("%s and %s: %s".formatted(certificate, key, e.getMessage()));
        }
    }

    private List<X509Certificate> authorities(String pem) {
        try {
            List<X509Certificate> authorities = KeyAndChain.chain(pem);
            if (authorities.isEmpty()) {
                throw wrong(authority + " has no CERTIFICATE in it");
            }
            return authorities;
        } catch (BrokenCertificateException e) {
            throw wrong("%s: %s".formatted(authority, e.getMessage()));
        }
    }

    /** In words without the time that it is: a fault is told once, while its words stay the same. */
    private void requireInForce(KeyAndChain own) {
        Instant now = clock.instant();
        if (own.since().isAfter(now)) {
            throw wrong("%s does not begin before %s: is the clock here right?".formatted(certificate, own.since()));
        }
        if (own.until().isBefore(now)) {
            throw wrong("%s has ended at %s; make this node a new one with cluster-config/make-authority"
                    .formatted(certificate, own.until()));
        }
    }

    /** By the JDK's own check, which is the one that the bus makes; nodes are clients and servers to each other. */
    private void requireTrusted(BusCertificate read) {
        X509Certificate[] shown = read.own().chain().toArray(X509Certificate[]::new);
        try {
            X509TrustManager nodes = Authorities.only(read.authorities());
            nodes.checkServerTrusted(shown, "UNKNOWN");
            nodes.checkClientTrusted(shown, "UNKNOWN");
        } catch (CertificateException e) {
            throw wrong("%s is not one that %s has signed for a node: %s"
                    .formatted(certificate, authority, e.getMessage()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Java cannot check certificates", e);
        }
    }

    private static String text(Path file) {
        if (!Files.isReadable(file)) {
            throw wrong("%s cannot be read; cluster-config/make-authority makes the files of a node".formatted(file));
        }
        try {
            return SmallFile.text(file, SmallFile.LARGEST_BYTES);
        } catch (IOException e) {
            throw wrong(FileFaults.sentence(file, e));
        }
    }

    private static ConfigException wrong(String sentence) {
        return new ConfigException("--bus-tls: " + sentence);
    }

    @Override
    public String toString() {
        return certificate.toString();
    }
}
