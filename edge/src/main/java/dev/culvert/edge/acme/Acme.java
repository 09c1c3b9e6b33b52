package dev.culvert.edge.acme;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.PrivateFiles;
import dev.culvert.config.Secret;
import dev.culvert.edge.ingress.Proofs;
import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.Pem;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * An edge's certificates by ACME ({@code docs/decisions/0011}): what it has is read at its start, what is missing is ordered once it
 * takes visitors, and any node proves to the authority that a host is ours. Safe for use by any thread.
 */
public final class Acme implements Proofs {
    private static final String PATH = "/.well-known/acme-challenge/";
    private static final String ACCOUNT = "account.key";

    /** What the program for DNS has printed last, where only this user looks: it may print what it signs in with. */
    private static final String DNS_OUTPUT = "dns.log";

    /** What authorities make tokens of, which nobody else's question is (RFC 8555, 8.3). */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{20,200}");

    /** How long the cluster may take to say what a proof is; then it is as if there were none. */
    private static final Duration PROOF_WITHIN = Duration.ofSeconds(3);

    private final Vertx vertx;
    private final String directory;
    private final CertificateStore store;
    private final AcmeClient authority;
    private final @Nullable DomainByDns dns;
    private volatile @Nullable SealedTexts proofs;
    private volatile @Nullable Orders orders;

    private Acme(
            Vertx vertx, String directory, CertificateStore store, AcmeClient authority, @Nullable DomainByDns dns) {
        this.vertx = vertx;
        this.directory = directory;
        this.store = store;
        this.authority = authority;
        this.dns = dns;
    }

    /**
     * Reads what the folder has; makes it, with a key for the account, where it is missing.
     *
     * @param domain the edge's, whose certificate clients get who name no host
     * @param operators the operator's own certificates, for hosts that none is ordered for; null where there are none
     * @return fails with {@link ConfigException}
     */
    public static Future<Acme> read(
            Vertx vertx, AcmeOptions options, String domain, @Nullable CertificateSource operators) {
        return vertx.executeBlocking(
                () -> {
                    Path folder = options.folder().resolve(options.directoryName());
                    try {
                        KeyPair account = account(new PrivateFiles(folder));
                        CertificateStore store = new CertificateStore(folder, domain, operators, Clock.systemUTC());
                        store.load();
                        DomainByDns dns = options.dns() == null
                                ? null
                                : new DomainByDns(domain, new DnsProgram(options.dns(), folder.resolve(DNS_OUTPUT)));
                        ExternalAccount external = options.eab() == null ? null : ExternalAccount.read(options.eab());
                        AcmeClient authority = new AcmeClient(options, account, external, dns, trusted(vertx, options));
                        return new Acme(vertx, options.directoryName(), store, authority, dns);
                    } catch (IOException e) {
                        throw new ConfigException(
                                "--acme: %s; CULVERT_HOME names the folder in which certificates are kept"
                                        .formatted(FileFaults.sentence(folder, e)));
                    }
                },
                false);
    }

    /** What there is to be served, and will be. */
    public CertificateSource certificates() {
        return store;
    }

    /**
     * Shares what there is with other nodes, and takes theirs. Before {@link #begin}.
     *
     * @param secret the cluster's; null for a node that is alone
     */
    public Future<Void> share(HazelcastMember member, @Nullable Secret secret) {
        return vertx.executeBlocking(
                () -> {
                    Seal seal = new Seal(secret);
                    proofs = new SealedTexts(new ClusterTexts(member, "acme.proofs"), "proof", seal);
                    String certificates = "acme.certificates." + directory;
                    store.share(new SealedTexts(new ClusterTexts(member, certificates), certificates, seal));
                    return null;
                },
                false);
    }

    /** Begins to order what is missing; visitors must find the doors open. */
    public void begin(Supplier<? extends Collection<String>> hosts) {
        SealedTexts shared = proofs;
        if (shared == null) {
            throw new IllegalStateException("what is not shared cannot begin");
        }
        Orders fresh = new Orders(
                store,
                authority,
                shared,
                () -> dns == null ? hosts.get() : dns.toOrder(hosts.get()),
                Clock.systemUTC());
        fresh.start(Orders.INTERVAL);
        orders = fresh;
    }

    /** How many orders of this node have ended with a certificate. */
    public long received() {
        Orders begun = orders;
        return begun == null ? 0 : begun.received();
    }

    /** How many have not. */
    public long failed() {
        Orders begun = orders;
        return begun == null ? 0 : begun.failed();
    }

    /** Orders no more. */
    public void close() {
        Orders begun = orders;
        if (begun != null) {
            begun.close();
        }
    }

    @Override
    public @Nullable Future<Optional<String>> at(String target) {
        SealedTexts known = proofs;
        if (known == null || !target.startsWith(PATH)) {
            return null;
        }
        String token = target.substring(PATH.length());
        return !TOKEN.matcher(token).matches()
                ? null
                : known.find(token)
                        .timeout(PROOF_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
                        .otherwise(Optional.empty());
    }

    private static KeyPair account(PrivateFiles files) throws IOException {
        return files.alone(() -> {
            String pem = files.read(ACCOUNT);
            if (!pem.isBlank()) {
                return ofFile(files.folder().resolve(ACCOUNT), pem);
            }
            KeyPair fresh = Pem.newKeys();
            files.write(ACCOUNT, Pem.of(fresh));
            return fresh;
        });
    }

    private static KeyPair ofFile(Path file, String pem) {
        try {
            return Pem.keys(pem);
        } catch (IOException e) {
            throw new ConfigException(
                    "--acme: %s; remove it, and there will be another account".formatted(FileFaults.sentence(file, e)));
        }
    }

    private static @Nullable SSLContext trusted(Vertx vertx, AcmeOptions options) {
        Path ca = options.ca();
        if (ca == null) {
            return null;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    null,
                    new PemTrustOptions()
                            .addCertPath(ca.toAbsolutePath().toString())
                            .getTrustManagerFactory(vertx)
                            .getTrustManagers(),
                    null);
            return context;
        } catch (Exception e) { // As Vert.x declares it.
            throw new ConfigException("--acme-ca: %s has no certificates in PEM (%s)".formatted(ca, e.getMessage()));
        }
    }
}
