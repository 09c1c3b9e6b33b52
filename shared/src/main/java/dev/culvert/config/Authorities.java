package dev.culvert.config;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Java's own check of certificates, by who has signed them. Safe for use by any thread. */
public final class Authorities {
    private Authorities() {}

    /** Trusts what Java trusts. Blocks: that is a large file. */
    public static X509ExtendedTrustManager ofJava() throws GeneralSecurityException {
        return trusting(null);
    }

    /** Trusts what these have signed and nothing else, so nothing where there are none. */
    public static X509ExtendedTrustManager only(List<X509Certificate> authorities) throws GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        try {
            trusted.load(null, null);
        } catch (IOException e) {
            throw new GeneralSecurityException("an empty key store cannot be made", e);
        }
        for (X509Certificate authority : authorities) {
            trusted.setCertificateEntry(Integer.toString(trusted.size()), authority);
        }
        return trusting(trusted);
    }

    private static X509ExtendedTrustManager trusting(@Nullable KeyStore trusted) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager found) {
                return found;
            }
        }
        throw new GeneralSecurityException("this Java checks no X.509 certificates");
    }
}
