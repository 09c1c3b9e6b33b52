package dev.culvert.edge.tls;

import dev.culvert.names.HostName;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that a certificate is for, by its subjectAltName (RFC 6125; clients have stopped to look at the subject).
 *
 * @param exact host names in their normal form, IPv4 addresses, and IPv6 addresses in brackets
 * @param under domains, for exactly one label under them ({@code *.domain})
 */
record CertificateNames(Set<String> exact, Set<String> under) {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    CertificateNames {
        exact = Set.copyOf(exact);
        under = Set.copyOf(under);
    }

    static CertificateNames of(X509Certificate certificate) throws BrokenCertificateException {
        Set<String> exact = new HashSet<>();
        Set<String> under = new HashSet<>();
        for (List<?> name : alternatives(certificate)) {
            String text = String.valueOf(name.get(1));
            if (name.get(0).equals(DNS_NAME) && text.startsWith("*.")) {
                HostName.normalise(text.substring(2)).ifPresent(under::add);
            } else if (name.get(0).equals(DNS_NAME)) {
                HostName.normalise(text).ifPresent(exact::add);
            } else if (name.get(0).equals(IP_ADDRESS)) {
                InetAddress address = NetUtil.createInetAddressFromIpAddressString(text);
                exact.add(text.contains(":") ? "[" + NetUtil.toAddressString(address) + "]" : text);
            }
        }
        if (exact.isEmpty() && under.isEmpty()) {
            throw new BrokenCertificateException(
                    "the certificate names no host: clients want them as subjectAltName, like DNS:tunnel.example.com");
        }
        return new CertificateNames(exact, under);
    }

    /** Fails where there are none. */
    static void require(X509Certificate certificate) throws BrokenCertificateException {
        CertificateNames found = of(certificate);
        assert !found.toString().isEmpty();
    }

    boolean cover(String host) {
        int dot = host.indexOf('.');
        return coverExactly(host) || (dot > 0 && under.contains(host.substring(dot + 1)));
    }

    boolean coverExactly(String host) {
        return exact.contains(host);
    }

    private static Collection<List<?>> alternatives(X509Certificate certificate) throws BrokenCertificateException {
        try {
            @Nullable Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names == null ? List.of() : names;
        } catch (CertificateParsingException e) {
            throw new BrokenCertificateException("the certificate's names cannot be read: " + e.getMessage());
        }
    }

    @Override
    public String toString() {
        Set<String> all = new TreeSet<>(exact);
        under.forEach(domain -> all.add("*." + domain));
        return String.join(",", all);
    }
}
