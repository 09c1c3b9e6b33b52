package dev.culvert.edge.tls;

import java.io.IOException;
import java.io.StringReader;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.jspecify.annotations.Nullable;

/**
 * A certificate with what vouches for it, and its key.
 *
 * @param chain the server's own certificate first, then those of the authorities that are not in clients' stores
 */
public record KeyAndChain(PrivateKey key, List<X509Certificate> chain) {
    public KeyAndChain {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("the chain must have the server's own certificate");
        }
    }

    /** The server's own. */
    X509Certificate certificate() {
        return chain.get(0);
    }

    /** When the server's own begins to be good. */
    public Instant since() {
        return certificate().getNotBefore().toInstant();
    }

    /** When the server's own ends. */
    public Instant until() {
        return certificate().getNotAfter().toInstant();
    }

    /** Whether it is for the host, in its normal form. */
    public boolean covers(String host) {
        try {
            return CertificateNames.of(certificate()).cover(host);
        } catch (BrokenCertificateException e) {
            return false;
        }
    }

    /**
     * Reads PEM: a chain, and a key as PKCS#8 ({@code PRIVATE KEY}), PKCS#1 ({@code RSA PRIVATE KEY}) or SEC 1
     * ({@code EC PRIVATE KEY}).
     *
     * @throws BrokenCertificateException in words, without the files' names
     */
    public static KeyAndChain ofPem(String chainPem, String keyPem) throws BrokenCertificateException {
        List<X509Certificate> chain = chain(chainPem);
        if (chain.isEmpty()) {
            throw new BrokenCertificateException("the certificate's file has no CERTIFICATE in it");
        }
        PrivateKey key = key(keyPem);
        if (!belong(key, chain.get(0).getPublicKey())) {
            throw new BrokenCertificateException(
                    "the key is not that of the file's first certificate; the server's own certificate must come first");
        }
        return new KeyAndChain(key, chain);
    }

    /** The certificates of a file, whatever else is in it. */
    static List<X509Certificate> chain(String pem) throws BrokenCertificateException {
        List<X509Certificate> chain = new ArrayList<>();
        for (Object found : objects(pem, "certificate")) {
            if (found instanceof X509CertificateHolder certificate) {
                try {
                    chain.add(new JcaX509CertificateConverter().getCertificate(certificate));
                } catch (GeneralSecurityException e) {
                    throw new BrokenCertificateException("the certificate cannot be read: " + e.getMessage());
                }
            }
        }
        return chain;
    }

    private static PrivateKey key(String pem) throws BrokenCertificateException {
        for (Object found : objects(pem, "key")) {
            if (found instanceof PEMEncryptedKeyPair || found instanceof PKCS8EncryptedPrivateKeyInfo) {
                throw new BrokenCertificateException(
                        "the key is encrypted; the edge cannot ask for its password: decrypt it with `openssl pkey -in FILE -out FILE`");
            }
            PrivateKeyInfo info = found instanceof PrivateKeyInfo pkcs8 ? pkcs8 : null;
            if (found instanceof PEMKeyPair pair) {
                info = pair.getPrivateKeyInfo();
            }
            if (info != null) {
                return key(info);
            }
        }
        throw new BrokenCertificateException("the key's file has no PRIVATE KEY in it");
    }

    private static PrivateKey key(PrivateKeyInfo info) throws BrokenCertificateException {
        try {
            PrivateKey key = new JcaPEMKeyConverter().getPrivateKey(info);
            // By the JDK's own factory: its keys compare by what they are, and its TLS prefers them.
            return KeyFactory.getInstance(key.getAlgorithm().equals("ECDSA") ? "EC" : key.getAlgorithm())
                    .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
        } catch (PEMException e) {
            throw new BrokenCertificateException("the key cannot be read: " + e.getMessage());
        } catch (IOException | GeneralSecurityException e) {
            throw new BrokenCertificateException("the key is of a kind that Java does not know: " + e.getMessage());
        }
    }

    private static List<Object> objects(String pem, String what) throws BrokenCertificateException {
        List<Object> objects = new ArrayList<>();
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            for (@Nullable Object next = parser.readObject(); next != null; next = parser.readObject()) {
                objects.add(next);
            }
        } catch (IOException | RuntimeException e) {
            throw new BrokenCertificateException("the %s's file is not PEM: %s".formatted(what, e.getMessage()));
        }
        return objects;
    }

    /** Whether what the one signs, the other verifies: the one test that holds for every kind of key. */
    private static boolean belong(PrivateKey key, PublicKey certified) throws BrokenCertificateException {
        if (!key.getAlgorithm().equals(certified.getAlgorithm())) {
            return false;
        }
        byte[] text = {1, 2, 3};
        try {
            String algorithm = key.getAlgorithm().startsWith("Ed")
                    ? key.getAlgorithm()
                    : "SHA256with" + (key.getAlgorithm().equals("EC") ? "ECDSA" : key.getAlgorithm());
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certified);
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            throw new BrokenCertificateException("the key cannot be used: " + e.getMessage());
        }
    }
}
