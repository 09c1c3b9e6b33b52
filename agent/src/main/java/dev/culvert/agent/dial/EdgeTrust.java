package dev.culvert.agent.dial;

import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/** By what an agent knows its edge, where the two speak TLS. */
public sealed interface EdgeTrust {
    /** Authorities that this machine trusts, as browsers do. */
    EdgeTrust OF_MACHINE = new OfMachine();

    /** The certificate is signed by an authority of this machine, and for the edge's host. */
    record OfMachine() implements EdgeTrust {}

    /**
     * The certificate is signed by one of these authorities and no other, and for the edge's host.
     *
     * @param file where they came from, for words
     */
    record Authorities(Path file, List<X509Certificate> certificates) implements EdgeTrust {
        public Authorities {
            certificates = List.copyOf(certificates);
        }
    }

    /**
     * The certificate has this key, whoever signed it and whatever else it says: for an edge that signs for itself.
     *
     * @param pin as {@link KeyPin} writes it
     */
    record Key(String pin) implements EdgeTrust {}

    /**
     * Reads authorities from a PEM file; its {@link IllegalArgumentException} is for the person who named it. Blocks.
     */
    static EdgeTrust authorities(Path file) {
        int mostBytes = 16 * 1024 * 1024; // A whole machine's list is a fiftieth of it.
        try {
            InputStream in = new ByteArrayInputStream(SmallFile.bytes(file, mostBytes));
            List<X509Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (certificates.isEmpty()) {
                throw new IllegalArgumentException("%s has no certificate in PEM".formatted(file));
            }
            return new Authorities(file, certificates);
        } catch (CertificateException e) {
            throw new IllegalArgumentException("%s is not a certificate in PEM".formatted(file), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(FileFaults.sentence(file, e), e);
        }
    }

    /** Reads {@code sha256:…}, the hash of a public key in Base64; {@link IllegalArgumentException} when it is none. */
    static EdgeTrust key(String text) {
        String hash = text.startsWith(KeyPin.PREFIX) ? text.substring(KeyPin.PREFIX.length()) : text;
        try {
            byte[] bytes = Base64.getDecoder().decode(hash);
            if (bytes.length == KeyPin.BYTES) {
                return new Key(KeyPin.PREFIX + Base64.getEncoder().encodeToString(bytes));
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new IllegalArgumentException("must be sha256: and the SHA-256 of the edge's public key in Base64, 44"
                + " characters; the edge's operator has it");
    }
}
