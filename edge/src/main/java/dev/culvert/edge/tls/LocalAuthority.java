package dev.culvert.edge.tls;

import dev.culvert.config.PrivateFiles;
import dev.culvert.names.HostName;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * An authority of this machine's user, for HTTPS where nobody else would give a certificate. It is made once, in a
 * folder of the user's own, its key readable to nobody else; the edge's certificates are made from it at each start and
 * kept in memory.
 *
 * <p>For a domain like {@code tunnel.test} that is one certificate, for the domain and {@code *.tunnel.test}. Clients do
 * not take {@code *.localhost}, since a wildcard stands below two labels at least: under a domain of one label each host
 * gets its own when it is asked for.
 */
public final class LocalAuthority implements CertificateSource {
    private static final String CERTIFICATE = "authority.crt";
    private static final String KEY = "authority.key";

    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    /** Made anew at each start and when {@link #RENEWED} is left: shorter than clients' limits of 398 days. */
    private static final Duration LIFE = Duration.ofDays(90);

    private static final Duration RENEWED = Duration.ofDays(30);
    /** Clocks differ. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private static final int SERIAL_BITS = 127;

    private final PrivateFiles files;
    private final String domain;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private volatile @Nullable Made made;

    /**
     * An authority whose files are in a folder, which is made with it.
     *
     * @param domain the edge's
     */
    public LocalAuthority(Path folder, String domain, Clock clock) {
        this.files = new PrivateFiles(folder);
        this.domain = domain;
        this.clock = clock;
    }

    /** The file that clients are to be told to trust. */
    public Path certificateFile() {
        return files.folder().resolve(CERTIFICATE);
    }

    /** What there is: the authority, one key for all hosts, and the certificate of the domain. */
    private record Made(KeyAndChain authority, KeyPair keys, KeyAndChain ofDomain) {}

    @Override
    public List<KeyAndChain> read() throws IOException, BrokenCertificateException {
        Made before = made;
        Instant needed = clock.instant().plus(RENEWED);
        if (before != null
                && before.ofDomain().certificate().getNotAfter().toInstant().isAfter(needed)) {
            return List.of(before.ofDomain());
        }
        KeyAndChain authority = files.alone(this::readOrMake);
        KeyPair keys = Pem.newKeys();
        Made fresh = new Made(authority, keys, issue(authority, keys, namesOfDomain()));
        made = fresh;
        return List.of(fresh.ofDomain());
    }

    @Override
    public @Nullable KeyAndChain issueFor(String host) {
        Made from = made;
        return from == null || HostName.labelUnder(host, domain).isEmpty()
                ? null
                : issue(from.authority(), from.keys(), List.of(dns(host)));
    }

    private List<GeneralName> namesOfDomain() {
        List<GeneralName> names = new ArrayList<>(List.of(dns(domain)));
        if (domain.contains(".")) {
            names.add(dns("*." + domain));
        } else if (domain.equals("localhost")) {
            names.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
            names.add(new GeneralName(GeneralName.iPAddress, "::1"));
        }
        return names;
    }

    private KeyAndChain readOrMake() throws IOException {
        String certificate = files.read(CERTIFICATE);
        String key = files.read(KEY);
        if (certificate.isBlank() && key.isBlank()) {
            KeyAndChain fresh = newAuthority();
            files.write(KEY, Pem.of(fresh.key()));
            files.write(CERTIFICATE, Pem.of(fresh.certificate()));
            return fresh;
        }
        try {
            return KeyAndChain.ofPem(certificate, key);
        } catch (BrokenCertificateException e) {
            throw new IOException(
                    "the local authority is broken (%s); remove the folder, and a new one is made"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    private KeyAndChain newAuthority() {
        KeyPair keys = Pem.newKeys();
        X500Name name = new X500Name("CN=Culvert local authority " + shortRandom());
        JcaX509v3CertificateBuilder builder = builder(name, name, keys.getPublic(), AUTHORITY_LIFE);
        return new KeyAndChain(
                keys.getPrivate(),
                List.of(signed(
                        builder,
                        keys,
                        new Part(Extension.basicConstraints, true, new BasicConstraints(0)),
                        new Part(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign)),
                        new Part(
                                Extension.subjectKeyIdentifier,
                                false,
                                identifiers().createSubjectKeyIdentifier(keys.getPublic())))));
    }

    private KeyAndChain issue(KeyAndChain authority, KeyPair keys, List<GeneralName> names) {
        X509Certificate above = authority.certificate();
        JcaX509v3CertificateBuilder builder = builder(
                X500Name.getInstance(above.getSubjectX500Principal().getEncoded()),
                new X500Name("CN=Culvert edge"),
                keys.getPublic(),
                LIFE);
        X509Certificate certificate = signed(
                builder,
                new KeyPair(above.getPublicKey(), authority.key()),
                new Part(Extension.basicConstraints, true, new BasicConstraints(false)),
                new Part(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature)),
                new Part(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth)),
                new Part(
                        Extension.authorityKeyIdentifier,
                        false,
                        identifiers().createAuthorityKeyIdentifier(above.getPublicKey())),
                new Part(Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new))));
        return new KeyAndChain(keys.getPrivate(), List.of(certificate, above));
    }

    private JcaX509v3CertificateBuilder builder(X500Name issuer, X500Name subject, PublicKey key, Duration life) {
        Instant now = clock.instant();
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(SERIAL_BITS, random),
                Date.from(now.minus(BACKDATED)),
                Date.from(now.plus(life)),
                subject,
                key);
    }

    private record Part(ASN1ObjectIdentifier kind, boolean critical, ASN1Encodable value) {}

    private static X509Certificate signed(JcaX509v3CertificateBuilder builder, KeyPair by, Part... parts) {
        try {
            for (Part part : parts) {
                builder.addExtension(part.kind(), part.critical(), part.value());
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(by.getPrivate())));
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("Java cannot make a certificate", e);
        }
    }

    private static JcaX509ExtensionUtils identifiers() {
        try {
            return new JcaX509ExtensionUtils();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Java has no SHA-1, which key identifiers are made of", e);
        }
    }

    private String shortRandom() {
        return Integer.toHexString(random.nextInt(0x10000));
    }

    private static GeneralName dns(String host) {
        return new GeneralName(GeneralName.dNSName, host);
    }

    @Override
    public String toString() {
        return "the local authority in " + files.folder();
    }
}
