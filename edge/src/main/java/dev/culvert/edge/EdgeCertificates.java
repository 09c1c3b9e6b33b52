package dev.culvert.edge;

import dev.culvert.config.Secret;
import dev.culvert.edge.acme.Acme;
import dev.culvert.edge.admin.CertificateFigures;
import dev.culvert.edge.ingress.Proofs;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.tls.BusCertificates;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.edge.tls.LocalAuthority;
import dev.culvert.edge.tls.PemFiles;
import dev.culvert.edge.tls.ServedCertificate;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The certificates of the hosts whose TLS ends here, and where they come from: the operator's files, an authority that is
 * asked by ACME, or one of the edge's own.
 *
 * @param served all of them; null where no TLS ends here
 * @param acme what orders them; null where nothing does
 * @param localAuthority what clients have to trust where the edge certifies itself; null where it does not
 */
record EdgeCertificates(
        @Nullable Certificates served,
        @Nullable Acme acme,
        @Nullable Path localAuthority) {

    /** Reads what there is, and looks from then on whether it changes. */
    static Future<EdgeCertificates> read(Vertx vertx, EdgeOptions options, Started started) {
        EdgeOptions.Tls tls = options.tls();
        if (!tls.https().isOn()) {
            return Future.succeededFuture(new EdgeCertificates(null, null, null));
        }
        String onlyOneFor = tls.acme() == null ? options.domain() : null;
        CertificateSource operators =
                tls.certificates().isEmpty() ? null : new PemFiles(tls.certificates(), onlyOneFor);
        if (tls.acme() != null) {
            return Acme.read(vertx, tls.acme(), options.domain(), operators)
                    .compose(acme -> serve(vertx, acme.certificates(), started)
                            .map(served -> new EdgeCertificates(served, acme, null)));
        }
        if (operators == null) {
            LocalAuthority authority = new LocalAuthority(tls.authority(), options.domain(), Clock.systemUTC());
            return serve(vertx, authority, started)
                    .map(served -> new EdgeCertificates(served, null, authority.certificateFile()));
        }
        return serve(vertx, operators, started).map(served -> new EdgeCertificates(served, null, null));
    }

    private static Future<Certificates> serve(Vertx vertx, CertificateSource source, Started started) {
        return Certificates.start(vertx, source, Certificates.INTERVAL)
                .map(served -> started.addAtOnce(served, Certificates::close));
    }

    /** Gives other nodes what is ordered here, and takes it from them. */
    Future<Void> share(HazelcastMember member, @Nullable Secret clusterSecret) {
        return acme == null ? Future.succeededFuture() : acme.share(member, clusterSecret);
    }

    /** Begins to order what is missing, now that visitors can come. */
    void order(String domain, Registry registry, Started started) {
        if (acme != null) {
            started.addAtOnce(acme::close);
            acme.begin(() -> hostsOf(domain, registry));
        }
    }

    /** Where TLS ends here: the domain itself, and each tunnel that somebody serves. */
    private static Set<String> hostsOf(String domain, Registry registry) {
        Set<String> hosts = new HashSet<>(Set.of(domain));
        registry.tunnels().stream()
                .filter(tunnel -> tunnel.isHttp() && !tunnel.claims().isEmpty())
                .forEach(tunnel -> hosts.add(tunnel.key().name()));
        return hosts;
    }

    /** What authorities are answered. */
    Proofs proofs() {
        return acme == null ? Proofs.NONE : acme;
    }

    /** The same in numbers, with that of the event bus where it has one. */
    CertificateFigures figures(String domain, @Nullable BusCertificates onBus) {
        return new CertificateFigures(
                () -> endOf(domain),
                () -> onBus == null ? Double.NaN : onBus.newest().until().getEpochSecond(),
                acme == null ? () -> 0 : acme::received,
                acme == null ? () -> 0 : acme::failed);
    }

    private double endOf(String domain) {
        ServedCertificate own = served == null ? null : served.ownOf(domain);
        return own == null ? Double.NaN : own.until().getEpochSecond();
    }
}
