package dev.culvert.agent.dial;

import dev.culvert.agent.target.ConnectFault;
import dev.culvert.config.Authorities;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Checks an edge's certificate as an {@link EdgeTrust} says, and says in words what is wrong with it. */
final class CertificateCheck extends X509ExtendedTrustManager {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    private final EdgeTrust trust;

    /** Checks chain and host name; null where the key alone counts. */
    private final @Nullable X509ExtendedTrustManager authorities;

    private CertificateCheck(EdgeTrust trust, @Nullable X509ExtendedTrustManager authorities) {
        this.trust = trust;
        this.authorities = authorities;
    }

    /** Blocks: this machine's authorities are a large file. */
    static CertificateCheck of(EdgeTrust trust) throws GeneralSecurityException {
        return new CertificateCheck(trust, trust instanceof EdgeTrust.Key ? null : authorities(trust));
    }

    private static X509ExtendedTrustManager authorities(EdgeTrust trust) throws GeneralSecurityException {
        return trust instanceof EdgeTrust.Authorities named
                ? Authorities.only(named.certificates())
                : Authorities.ofJava();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        if (authorities == null) {
            requireKey(chain[0]);
            return;
        }
        try {
            authorities.checkServerTrusted(chain, authType, engine);
        } catch (CertificateException e) {
            throw new UntrustedEdgeException(inWords(e, chain[0], engine.getPeerHost()));
        }
    }

    private void requireKey(X509Certificate certificate) throws CertificateException {
        String shown = KeyPin.of(certificate);
        if (trust instanceof EdgeTrust.Key key && !key.pin().equals(shown)) {
            throw new UntrustedEdgeException(
                    ("it has the key %s, not the one that --edge-key names: if its operator has"
                                    + " changed the key, ask for the new one; if not, somebody else answers in its place")
                            .formatted(shown));
        }
    }

    private String inWords(CertificateException failure, X509Certificate certificate, @Nullable String host) {
        if (ConnectFault.cause(failure, CertificateExpiredException.class).isPresent()) {
            return "its certificate expired on %s: whoever runs the edge has to renew it"
                    .formatted(date(certificate.getNotAfter()));
        } else if (ConnectFault.cause(failure, CertificateNotYetValidException.class)
                .isPresent()) {
            return "its certificate is valid from %s on only: check this machine's clock"
                    .formatted(date(certificate.getNotBefore()));
        } else if (isAboutTheHost(failure)) {
            List<String> names = names(certificate);
            return "its certificate is for %s, not for %s: name the edge by a host that it is for, or its key with --edge-key"
                    .formatted(names.isEmpty() ? "no host" : String.join(", ", names), host);
        }
        String who = trust instanceof EdgeTrust.Authorities named
                ? "an authority of " + named.file()
                : "an authority that this machine trusts";
        return ("its certificate is not signed by %s: name the authority's certificate with --ca FILE, or, once its"
                        + " operator has confirmed it, its key with --edge-key %s")
                .formatted(who, KeyPin.of(certificate));
    }

    /** Java has no type for it. */
    private static boolean isAboutTheHost(CertificateException failure) {
        String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("subject alternative") || message.contains("no name matching");
    }

    private static List<String> names(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names == null
                    ? List.of()
                    : names.stream()
                            .filter(name -> List.of(DNS_NAME, IP_ADDRESS).contains(name.get(0)))
                            .map(name -> String.valueOf(name.get(1)))
                            .limit(5)
                            .collect(Collectors.toList());
        } catch (CertificateException e) {
            return List.of();
        }
    }

    private static String date(Date date) {
        return DateTimeFormatter.ISO_LOCAL_DATE.format(date.toInstant().atZone(ZoneId.systemDefault()));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("the host must be known");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("an engine checks");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("an agent has no clients");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("an agent has no clients");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw new CertificateException("an agent has no clients");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
