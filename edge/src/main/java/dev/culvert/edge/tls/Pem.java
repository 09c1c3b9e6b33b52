package dev.culvert.edge.tls;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;

/** Keys of our own making, and the text that they and certificates are kept as. */
public final class Pem {
    /** What all clients take, and small. */
    private static final String CURVE = "secp256r1";

    private Pem() {}

    /** A new key. */
    public static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(CURVE));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Java cannot make a key", e);
        }
    }

    public static String of(X509Certificate certificate) {
        return text(certificate);
    }

    /** As PKCS#8. */
    public static String of(PrivateKey key) {
        try {
            return text(new JcaPKCS8Generator(key, null).generate());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Both, one after the other. */
    public static String of(KeyPair keys) {
        return of(keys.getPrivate()) + text(keys.getPublic());
    }

    /**
     * Reads what {@link #of(KeyPair)} wrote.
     *
     * @throws IOException where it is something else
     */
    public static KeyPair keys(String text) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(text))) {
            // By the JDK's own factory, whatever others a library has brought.
            KeyFactory factory = KeyFactory.getInstance("EC");
            PrivateKeyInfo key = (PrivateKeyInfo) parser.readObject();
            SubjectPublicKeyInfo known = (SubjectPublicKeyInfo) parser.readObject();
            return new KeyPair(
                    factory.generatePublic(new X509EncodedKeySpec(known.getEncoded())),
                    factory.generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded())));
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            throw new IOException("it is no key that was written here", e);
        }
    }

    private static String text(Object object) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
