package dev.culvert.edge;

import dev.culvert.admission.Networks;
import dev.culvert.config.ConfigException;
import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.edge.EdgeOptions.Access;
import dev.culvert.edge.EdgeOptions.Localtunnel;
import dev.culvert.edge.EdgeOptions.Names;
import dev.culvert.edge.EdgeOptions.Ports;
import dev.culvert.edge.EdgeOptions.Ssh;
import dev.culvert.edge.EdgeOptions.Tls;
import dev.culvert.edge.acme.AcmeOptions;
import dev.culvert.edge.admin.AdminOptions;
import dev.culvert.names.HostName;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which of an edge's options fit together. Each rule throws a {@link ConfigException} that says what would. */
final class EdgeRules {
    /** In a range: each is a socket or two when it is open, and more are most likely a mistake. */
    private static final int MOST_PORTS = 10_000;

    private EdgeRules() {}

    static void requireDomain(String domain, @Nullable URI publicUrl) {
        if (!HostName.isHost(domain)) {
            throw new ConfigException(
                    "--domain must be a host name in lower case, like tunnel.example.com, was " + domain);
        }
        if (publicUrl != null) {
            requirePublicUrl(publicUrl, domain);
        }
    }

    private static void requirePublicUrl(URI url, String domain) {
        boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
        boolean bare = url.getPath() == null
                || url.getPath().isEmpty()
                || url.getPath().equals("/");
        if (!web || url.getHost() == null || !bare || url.getQuery() != null || url.getUserInfo() != null) {
            throw new ConfigException("--public-url must be like https://%s, was %s".formatted(domain, url));
        }
        if (!url.getHost().equalsIgnoreCase(domain)) {
            throw new ConfigException("--public-url names the host %s, but --domain is %s: make them the same"
                    .formatted(url.getHost(), domain));
        }
    }

    static void requireAccess(String bind, @Nullable URI publicUrl, Networks trustedProxies, Access access) {
        String letsIn = lettingIn(bind, publicUrl, trustedProxies);
        if (letsIn != null && !access.isAuthenticated() && !access.allowAnonymous()) {
            throw new ConfigException(("%s lets other machines in: say who may connect agents with --tokens FILE "
                            + "(`culvert token create` writes one), --agent-keys FILE or --issuers FILE, or let anybody with --allow-anonymous")
                    .formatted(letsIn));
        }
    }

    /** The option that lets other machines in; null where none does. */
    static @Nullable String lettingIn(String bind, @Nullable URI publicUrl, Networks trustedProxies) {
        return isBeyondLoopback(bind) ? "--bind " + bind : proxied(publicUrl, trustedProxies);
    }

    private static boolean isBeyondLoopback(String bind) {
        return !Loopback.is(Loopback.address("--bind", bind));
    }

    /** What says that a proxy of this machine leads others here; null where nothing does. */
    private static @Nullable String proxied(@Nullable URI publicUrl, Networks trustedProxies) {
        if (publicUrl != null && !Loopback.isName(publicUrl.getHost())) {
            return "--public-url " + publicUrl;
        }
        return trustedProxies.isEmpty() ? null : "--trusted-proxies " + String.join(",", trustedProxies.texts());
    }

    static void requireLanes(String bind, Ports ports, Tls tls, Access access) {
        if (isBeyondLoopback(bind)
                && ports.lane().isOn()
                && !access.insecure()
                && !tls.https().isOn()) {
            throw new ConfigException(
                    ("--bind %s would open the plaintext lane port to other machines, where tokens and "
                                    + "visitors' bytes can be read on the way: add --https-port for TLS there too, --insecure on a network that "
                                    + "you trust, or --lane-port off")
                            .formatted(bind));
        }
    }

    /** Its clients know neither tokens nor TLS. */
    static void requireLocaltunnel(String bind, Ports ports, Tls tls, Access access, Localtunnel localtunnel) {
        if (!localtunnel.isOn()) {
            return;
        }
        if (access.isAuthenticated()) {
            throw new ConfigException(
                    "--localtunnel lets anybody have a name, because its clients have no tokens, and %s"
                                    .formatted(access.asking())
                            + " does not: choose one, or run an edge for each");
        }
        if (isBeyondLoopback(bind) && !access.insecure()) {
            throw new ConfigException(
                    "--localtunnel takes visitors' bytes to its clients in plaintext, as they expect it: say"
                            + " --insecure where that may be");
        }
        if (!ports.http().isOn() && !tls.https().isOn()) {
            throw new ConfigException("--localtunnel needs --http-port or --https-port: its clients register there");
        }
    }

    static void requireSsh(String bind, Access access, Ssh ssh) {
        if (ssh.port().isOn() && access.isAuthenticated() && access.tokens() == null && ssh.keys() == null) {
            throw new ConfigException(
                    access.issuers() != null
                            ? "--ssh-port beside --issuers needs --ssh-keys or --tokens: SSH clients show no tokens of issuers"
                            : "--ssh-port beside --agent-keys needs --ssh-keys, which may be the same file, or --tokens");
        }
        if (isBeyondLoopback(bind) && ssh.port().isOn() && ssh.hostKey() == null) {
            throw new ConfigException(
                    ("--ssh-port beyond loopback needs --ssh-host-key FILE, by which clients know this edge again: "
                            + "ssh-keygen -t ed25519 -N '' -f FILE writes one"));
        }
    }

    static void requireSignIn(String bind, @Nullable URI publicUrl, Tls tls, Access access) {
        // As visitors are told, see PublicUrl.
        boolean https = publicUrl == null ? tls.https().isOn() : "https".equals(publicUrl.getScheme());
        if (isBeyondLoopback(bind) && access.signIn() != null && !https && !access.insecure()) {
            throw new ConfigException(
                    "--sign-in beyond loopback needs HTTPS, or others on the way can take what visitors have signed in with:"
                            + " say --https-port, or --public-url with https behind a balancer, or --insecure");
        }
    }

    static void requireAcme(String domain, Ports ports, Tls tls, Names names, ClusterOptions cluster) {
        AcmeOptions acme = tls.acme();
        if (acme == null) {
            return;
        }
        if (!ports.http().isOn() && acme.dns() == null) {
            throw new ConfigException(
                    "--acme needs --http-port, where the authority looks, as port 80 of each host; or --acme-dns");
        }
        if (!domain.contains(".") || NetUtil.isValidIpV4Address(domain)) {
            throw new ConfigException(
                    "--acme needs a --domain of the internet, like tunnel.example.com, was " + domain);
        }
        if (cluster.isOn() && names.clusterSecretFile() == null) {
            throw new ConfigException(
                    "--acme in a cluster needs --cluster-secret-file, the same on all nodes: it keeps the"
                            + " certificates' keys, which nodes share, from whoever else can join");
        }
    }

    static void requireDoors(Ports ports, Tls tls, Localtunnel localtunnel, Ssh ssh, AdminOptions admin) {
        requireNotTooMany("tcp-ports", ports.tcp());
        requireNotTooMany("localtunnel-ports", localtunnel.ports());
        List<Map.Entry<String, ListenPort>> doors = List.of(
                Map.entry("http-port", ports.http()),
                Map.entry("https-port", tls.https()),
                Map.entry("tls-port", tls.passthrough()),
                Map.entry("lane-port", ports.lane()),
                Map.entry("ssh-port", ssh.port()),
                Map.entry("admin-port", admin.port()));
        requireApart(doors);
        requireNoneIn("tcp-ports", ports.tcp(), doors);
        requireNoneIn("localtunnel-ports", localtunnel.ports(), doors);
        if (localtunnel.ports().overlaps(ports.tcp())) {
            throw new ConfigException(
                    "--localtunnel-ports %s and --tcp-ports %s have ports in common: change one of them"
                            .formatted(localtunnel.ports(), ports.tcp()));
        }
        if (!ports.tcp().isOn()
                && doors.stream()
                        .noneMatch(
                                door -> door.getValue().isOn() && !door.getKey().equals("admin-port"))) {
            throw new ConfigException(
                    "every port for visitors and agents is off, so that nobody could reach this edge: open one of them");
        }
    }

    private static void requireNotTooMany(String option, PortRange range) {
        if (range.size() > MOST_PORTS) {
            throw new ConfigException(
                    "--%s must be at most %d ports, were %d".formatted(option, MOST_PORTS, range.size()));
        }
    }

    /** One number for two doors is not refused by the machine: Vert.x would let them take turns at it. */
    private static void requireApart(List<Map.Entry<String, ListenPort>> doors) {
        Map<Integer, String> taken = new HashMap<>();
        for (Map.Entry<String, ListenPort> door : doors) {
            String option = door.getKey();
            int port = door.getValue().number();
            String other = port > 0 ? taken.put(port, option) : null;
            if (other != null) {
                throw new ConfigException(
                        "--%s and --%s are both %d: change one of them".formatted(other, option, port));
            }
        }
    }

    private static void requireNoneIn(String name, PortRange range, List<Map.Entry<String, ListenPort>> doors) {
        for (Map.Entry<String, ListenPort> door : doors) {
            int port = door.getValue().number();
            if (range.contains(port)) {
                throw new ConfigException("--%s %s includes %d, which is --%s: change one of them"
                        .formatted(name, range, port, door.getKey()));
            }
        }
    }

    static void requireAdmin(AdminOptions admin) {
        if (!Loopback.is(Loopback.address("--admin-bind", admin.bind()))
                && admin.port().isOn()
                && admin.tokenFile() == null) {
            throw new ConfigException(
                    "--admin-bind %s lets other machines in: set --admin-token-file, or keep it on 127.0.0.1"
                            .formatted(admin.bind()));
        }
    }

    /** @param host the address by which other nodes reach this one; null where the options do not say it */
    static void requireCluster(ClusterOptions cluster, @Nullable String host) {
        if (!cluster.isOn()) {
            return;
        }
        if (host != null) {
            InetAddress address = Loopback.address("--cluster-host", host);
            if (address.isAnyLocalAddress()) {
                throw new ConfigException(
                        "--cluster-host must be the one address by which other nodes reach this one, was " + host);
            }
        }
        boolean ours = cluster.file() == null;
        if (host == null && cluster.environment().equals("static")) {
            throw new ConfigException(
                    "--cluster static needs --cluster-host: the address of this machine by which other nodes reach it");
        }
        boolean loopback = host != null && Loopback.is(Loopback.address("--cluster-host", host));
        if (!loopback && ours && cluster.name() == null) {
            throw new ConfigException(
                    "a cluster beyond loopback needs --cluster-name: nodes meet only where they agree on it");
        }
        if (!loopback
                && cluster.environment().equals("static")
                && cluster.join().isEmpty()) {
            throw new ConfigException(
                    "--cluster static needs --join HOST:PORT,...: where the other nodes are, the same list on all of them");
        }
        if (cluster.environment().equals("local") && !loopback) {
            throw new ConfigException(
                    "--cluster local stays on this machine, but --cluster-host is %s: use --cluster static"
                            .formatted(host));
        }
    }
}
