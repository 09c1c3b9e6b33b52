package dev.culvert.edge.testkit;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An authority that certifies whatever a test wants, and writes it as PEM. */
public final class TestAuthority {
    /** Of its own: a client looks authorities up by name. */
    private final X500Name name = new X500Name("CN=test authority " + UUID.randomUUID());

    private final KeyPair keys;
    private final X509Certificate certificate;
    private long serial = 1;

    public TestAuthority() throws Exception {
        keys = keys("EC");
        JcaX509v3CertificateBuilder builder = builder(name, keys, Duration.ofDays(30));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        certificate = signed(builder);
    }

    /** The authority's own certificate. */
    public X509Certificate certificate() {
        return certificate;
    }

    /** A certificate and its key. */
    public record Issued(PrivateKey key, X509Certificate certificate) {}

    /** Certifies hosts, {@code *.} included, with an EC key. */
    public Issued issue(String... hosts) throws Exception {
        return issue("EC", Duration.ofDays(30), hosts);
    }

    /** Certifies hosts with a key of this algorithm, for this long. */
    public Issued issue(String algorithm, Duration life, String... hosts) throws Exception {
        KeyPair own = keys(algorithm);
        JcaX509v3CertificateBuilder builder = builder(new X500Name("CN=edge"), own, life);
        if (hosts.length > 0) {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(Stream.of(hosts)
                            .map(host -> new GeneralName(
                                    host.matches("[0-9.]+|.*:.*") ? GeneralName.iPAddress : GeneralName.dNSName, host))
                            .toArray(GeneralName[]::new)));
        }
        return new Issued(own.getPrivate(), signed(builder));
    }

    /** Writes {@code NAME.crt}, with the authority behind, and {@code NAME.key} in PKCS#8. */
    public void write(Path folder, String name, Issued issued) throws IOException {
        replace(folder.resolve(name + ".crt"), pem(issued.certificate()) + pem(certificate));
        replace(folder.resolve(name + ".key"), pkcs8(issued.key()));
    }

    /** Writes the authority's own certificate, for clients to trust. */
    public Path writeOwn(Path folder) throws IOException {
        Path file = folder.resolve("test-authority.crt");
        Files.writeString(file, pem(certificate));
        return file;
    }

    public static String pkcs8(PrivateKey key) throws IOException {
        return pem(new JcaPKCS8Generator(key, null).generate());
    }

    /** PEM of a certificate, or of a key in the form that its algorithm had before PKCS#8. */
    public static String pem(Object object) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString();
    }

    private static void replace(Path file, String text) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, text);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private JcaX509v3CertificateBuilder builder(X500Name subject, KeyPair of, Duration life) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                name,
                BigInteger.valueOf(serial++),
                Date.from(now.minus(Duration.ofMinutes(5))),
                Date.from(now.plus(life)),
                subject,
                of.getPublic());
    }

    private X509Certificate signed(JcaX509v3CertificateBuilder builder) throws Exception {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    }

    private static KeyPair keys(String algorithm) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(algorithm.equals("EC") ? 256 : 2048);
        return generator.generateKeyPair();
    }
}
