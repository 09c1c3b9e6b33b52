package dev.culvert.edge;

import dev.culvert.admission.Networks;
import dev.culvert.config.ConfigException;
import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Rate;
import dev.culvert.config.StateFolder;
import dev.culvert.edge.acme.AcmeOptions;
import dev.culvert.edge.admin.AdminOptions;
import dev.culvert.edge.tls.PemFiles;
import dev.culvert.lane.LaneOptions;
import dev.culvert.names.HostName;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How one edge runs. Breaking a rule of safety is refused here, so that no edge can be built that way. The names of the
 * options are those of the command line; {@code docs/operating.md} is the same for operators.
 *
 * @param domain the domain whose labels are tunnels (option {@code --domain}, default {@code localhost}): to be changed
 *     wherever visitors come from other machines, together with a wildcard DNS record
 * @param bind the address on which visitors and agents are accepted (option {@code --bind}, default 127.0.0.1): an IP
 *     address; {@code 0.0.0.0} or {@code ::} for all. Loopback includes {@code ::1} where the machine has it
 * @param publicUrl what visitors type, when it differs from the visitor port (option {@code --public-url}, default
 *     none): scheme and port of a balancer before the edge, for example {@code https://tunnel.example.com}
 * @param ports where visitors and agents are accepted
 * @param tls TLS with visitors
 * @param access who may connect an agent
 * @param localtunnel localtunnel's clients
 * @param ssh plain SSH clients
 * @param trustedProxies the peers whose forwarded fields are believed (option {@code --trusted-proxies}, default none)
 * @param visitorRate how often one visitor's address may ask for tunnels, on each node (option {@code --visitor-rate},
 *     default none): more is answered with 429, and a connection for raw TCP or TLS closed. To be set where visitors are
 *     strangers: some times what a browser asks for on a page
 * @param accessLog where what visitors ask for is written down (option {@code --access-log}, default none): a file, one JSON
 *     object a line. To be set where somebody has to be able to say later who came
 * @param admin the operator's door
 * @param names how long names are kept and how they are proven
 * @param cluster the other edges
 * @param drainNotice how long the edge goes on as before once it is told to stop, but says that it is not ready (option
 *     {@code --drain-notice}, default 5 s in a cluster and 0 alone): until the balancers before it have noticed. Longer
 *     than their checks take, and less than {@code drainTimeout} takes what the supervisor waits
 * @param drainTimeout how long open exchanges get to finish when the edge is told to stop (option
 *     {@code --drain-timeout}, default 30 s); 0 cuts them off at once. Longer where downloads are long, shorter than
 *     what the process's supervisor waits before it kills
 * @param nodeId a label for this node in logs, and for targets in {@code Culvert-Node} (option {@code --node-id}, default the machine's host name); what the
 *     registry uses is new at each start
 * @param eventLoops how many threads serve visitors and agents (option {@code --event-loops}), at most 256; 0, the
 *     default, for one for two cores, and at least one. Half of the work is the kernel's anyway, and threads that hand
 *     each other every request cost more than they gain ({@code docs/performance.md}). One a core where the machine does
 *     nothing else and few tunnels have all the visitors
 * @param lanes windows, budget and pings of the lanes; no option of the command line
 */
public record EdgeOptions(
        String domain,
        String bind,
        @Nullable URI publicUrl,
        Ports ports,
        Tls tls,
        Access access,
        Localtunnel localtunnel,
        Ssh ssh,
        Networks trustedProxies,
        @Nullable Rate visitorRate,
        @Nullable Path accessLog,
        AdminOptions admin,
        Names names,
        ClusterOptions cluster,
        @Nullable Duration drainNotice,
        Duration drainTimeout,
        @Nullable String nodeId,
        int eventLoops,
        LaneOptions lanes) {

    /** Longer than a balancer takes to notice that checks two seconds apart fail twice. */
    private static final Duration DRAIN_NOTICE = Duration.ofSeconds(5);

    /** In a range: each is a socket or two when it is open, and more are most likely a mistake. */
    private static final int MOST_PORTS = 10_000;

    /** Each is a thread with sockets and buffers of its own, and more than a machine has cores are of no use. */
    private static final int MOST_EVENT_LOOPS = 256;

    /** An edge for this machine alone. */
    public static final EdgeOptions DEFAULT = new EdgeOptions(
            "localhost",
            "127.0.0.1",
            null,
            Ports.DEFAULT,
            Tls.DEFAULT,
            Access.DEFAULT,
            Localtunnel.OFF,
            Ssh.OFF,
            Networks.NONE,
            null,
            null,
            AdminOptions.DEFAULT,
            Names.DEFAULT,
            ClusterOptions.OFF,
            null,
            Duration.ofSeconds(30),
            null,
            0,
            LaneOptions.DEFAULT);

    public EdgeOptions {
        if (!HostName.isHost(domain)) {
            throw new ConfigException(
                    "--domain must be a host name in lower case, like tunnel.example.com, was " + domain);
        }
        if (publicUrl != null) {
            requirePublicUrl(publicUrl, domain);
        }
        boolean beyondLoopback = !Loopback.is(Loopback.address("--bind", bind));
        String letsIn = beyondLoopback ? "--bind " + bind : proxied(publicUrl, trustedProxies);
        if (letsIn != null && !access.isAuthenticated() && !access.allowAnonymous()) {
            throw new ConfigException(("%s lets other machines in: say who may connect agents with --tokens FILE "
                            + "(`culvert token create` writes one) or --issuers FILE, or let anybody with --allow-anonymous")
                    .formatted(letsIn));
        }
        if (beyondLoopback
                && ports.lane().isOn()
                && !access.insecure()
                && !tls.https().isOn()) {
            throw new ConfigException(
                    ("--bind %s would open the plaintext lane port to other machines, where tokens and "
                                    + "visitors' bytes can be read on the way: add --https-port for TLS there too, --insecure on a network that "
                                    + "you trust, or --lane-port off")
                            .formatted(bind));
        }
        if (localtunnel.isOn()) {
            requireLocaltunnel(
                    beyondLoopback, access, ports.http().isOn() || tls.https().isOn());
        }
        if (ssh.port().isOn() && access.issuers() != null && access.tokens() == null && ssh.keys() == null) {
            throw new ConfigException(
                    "--ssh-port beside --issuers needs --ssh-keys or --tokens: SSH clients show no tokens of issuers");
        }
        if (beyondLoopback && ssh.port().isOn() && ssh.hostKey() == null) {
            throw new ConfigException(
                    ("--ssh-port beyond loopback needs --ssh-host-key FILE, by which clients know this edge again: "
                            + "ssh-keygen -t ed25519 -N '' -f FILE writes one"));
        }
        // As visitors are told, see PublicUrl.
        boolean https = publicUrl == null ? tls.https().isOn() : "https".equals(publicUrl.getScheme());
        if (beyondLoopback && access.signIn() != null && !https && !access.insecure()) {
            throw new ConfigException(
                    "--sign-in beyond loopback needs HTTPS, or others on the way can take what visitors have signed in with:"
                            + " say --https-port, or --public-url with https behind a balancer, or --insecure");
        }
        if (tls.acme() != null) {
            requireAcme(tls.acme(), domain, ports, cluster, names);
        }
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
        if (!Loopback.is(Loopback.address("--admin-bind", admin.bind()))
                && admin.port().isOn()
                && admin.tokenFile() == null) {
            throw new ConfigException(
                    "--admin-bind %s lets other machines in: set --admin-token-file, or keep it on 127.0.0.1"
                            .formatted(admin.bind()));
        }
        if (cluster.isOn()) {
            requireCluster(cluster, clusterHostOf(cluster, bind));
        }
        if (drainNotice != null && drainNotice.isNegative()) {
            throw new ConfigException("--drain-notice must not be negative");
        }
        if (drainTimeout.isNegative()) {
            throw new ConfigException("--drain-timeout must not be negative");
        }
        if (nodeId != null && !nodeId.matches("[!-~]{1,63}")) {
            throw new ConfigException("--node-id must be 1 to 63 visible ASCII characters, was " + nodeId);
        }
        if (eventLoops < 0 || eventLoops > MOST_EVENT_LOOPS) {
            throw new ConfigException("--event-loops must be 1 to %d, or 0 for one for two cores, was %d"
                    .formatted(MOST_EVENT_LOOPS, eventLoops));
        }
    }

    /** The same under another domain. */
    public EdgeOptions withDomain(String name) {
        Copy copy = new Copy(this);
        copy.domain = name;
        return copy.done();
    }

    /** The same on another address, and who may connect an agent there: the two are checked together. */
    public EdgeOptions withBind(String address, Access agents) {
        Copy copy = new Copy(this);
        copy.bind = address;
        copy.access = agents;
        return copy.done();
    }

    /** The same with other ports. */
    public EdgeOptions withPorts(ListenPort http, ListenPort lane, ListenPort adminPort) {
        Copy copy = new Copy(this);
        copy.ports = new Ports(http, lane, ports.tcp());
        copy.admin = new AdminOptions(adminPort, admin.bind(), admin.tokenFile());
        return copy.done();
    }

    /** The same with TLS for visitors. */
    public EdgeOptions withTls(Tls visitors) {
        Copy copy = new Copy(this);
        copy.tls = visitors;
        return copy.done();
    }

    /** The same with these ports for raw TCP. */
    public EdgeOptions withTcpPorts(PortRange tcpPorts) {
        Copy copy = new Copy(this);
        copy.ports = new Ports(ports.http(), ports.lane(), tcpPorts);
        return copy.done();
    }

    /** The same with localtunnel's clients, at any free ports. */
    public EdgeOptions withLocaltunnel() {
        Copy copy = new Copy(this);
        copy.localtunnel = new Localtunnel(true, PortRange.OFF, null);
        return copy.done();
    }

    /** The same with SSH clients. */
    public EdgeOptions withSsh(Ssh clients) {
        Copy copy = new Copy(this);
        copy.ssh = clients;
        return copy.done();
    }

    /** The same with so many event loops. */
    public EdgeOptions withEventLoops(int number) {
        Copy copy = new Copy(this);
        copy.eventLoops = number;
        return copy.done();
    }

    /** How many event loops that is on this machine. */
    int eventLoopsOrDefault() {
        return eventLoops > 0 ? eventLoops : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    /** The same with another drain time-out. */
    public EdgeOptions withDrainTimeout(Duration time) {
        Copy copy = new Copy(this);
        copy.drainTimeout = time;
        return copy.done();
    }

    /** The same with another notice before the drain. */
    public EdgeOptions withDrainNotice(Duration time) {
        Copy copy = new Copy(this);
        copy.drainNotice = time;
        return copy.done();
    }

    /** The same in a cluster, with a label of its own. */
    public EdgeOptions withCluster(ClusterOptions others, @Nullable String label) {
        Copy copy = new Copy(this);
        copy.cluster = others;
        copy.nodeId = label;
        return copy.done();
    }

    /** How long balancers get to notice that the edge is going to stop. */
    Duration drainNoticeOrDefault() {
        if (drainNotice != null) {
            return drainNotice;
        }
        return cluster.isOn() ? DRAIN_NOTICE : Duration.ZERO;
    }

    /**
     * The address by which other nodes reach this one.
     *
     * @return null where it is the pod's, to be found out, or where the operator's file says it
     */
    @Nullable
    String clusterHost() {
        return clusterHostOf(cluster, bind);
    }

    private static @Nullable String clusterHostOf(ClusterOptions cluster, String bind) {
        if (cluster.host() != null) {
            return cluster.host();
        }
        if (cluster.environment().equals("local")) {
            return "127.0.0.1";
        }
        return isWildcard(bind) || cluster.file() != null ? null : bind;
    }

    private static void requireCluster(ClusterOptions cluster, @Nullable String host) {
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

    private static void requireAcme(AcmeOptions acme, String domain, Ports ports, ClusterOptions cluster, Names names) {
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

    /** Its clients know neither tokens nor TLS. */
    private static void requireLocaltunnel(boolean beyondLoopback, Access access, boolean web) {
        if (access.isAuthenticated()) {
            throw new ConfigException(
                    "--localtunnel lets anybody have a name, because its clients have no tokens, and %s"
                                    .formatted(access.tokens() == null ? "--issuers" : "--tokens")
                            + " does not: choose one, or run an edge for each");
        }
        if (beyondLoopback && !access.insecure()) {
            throw new ConfigException(
                    "--localtunnel takes visitors' bytes to its clients in plaintext, as they expect it: say"
                            + " --insecure where that may be");
        }
        if (!web) {
            throw new ConfigException("--localtunnel needs --http-port or --https-port: its clients register there");
        }
    }

    /** Whether it stands for all addresses of this machine. */
    static boolean isWildcard(String address) {
        return Loopback.address("--bind", address).isAnyLocalAddress();
    }

    /** What says that a proxy of this machine leads others here; null where nothing does. */
    private static @Nullable String proxied(@Nullable URI publicUrl, Networks trustedProxies) {
        if (publicUrl != null && !Loopback.isName(publicUrl.getHost())) {
            return "--public-url " + publicUrl;
        }
        return trustedProxies.isEmpty() ? null : "--trusted-proxies " + String.join(",", trustedProxies.texts());
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

    /**
     * The edge's own ports, on {@link EdgeOptions#bind()}.
     *
     * @param http where visitors come in by HTTP (option {@code --http-port}, default 7080); 0 picks a free port,
     *     {@code off} opens none
     * @param lane where agents connect (option {@code --lane-port}, default 7070); 0 picks a free port, {@code off} opens
     *     none. By TLS where there is an {@code --https-port}, whose certificates it has, and in plaintext from this
     *     machine; from others in plaintext only with {@code --insecure}
     * @param tcp the ports that tunnels for raw TCP may have (option {@code --tcp-ports}, default {@code off}): all of
     *     them are open from the start, on every node of a cluster the same. As many as there are to be tunnels
     */
    public record Ports(ListenPort http, ListenPort lane, PortRange tcp) {
        public static final Ports DEFAULT = new Ports(new ListenPort(7080), new ListenPort(7070), PortRange.OFF);
    }

    /**
     * TLS with visitors. What is spoken is Mozilla's intermediate profile.
     *
     * @param https where visitors come in by TLS (option {@code --https-port}, default {@code off}); 0 picks a free port
     * @param certificates PEM files by pairs (options {@code --cert} and {@code --key}, default none), the first for
     *     clients that name no host; read again when they change. With none there is a local authority
     * @param acme who gives certificates for hosts that none of these names (default none)
     * @param redirect whether visitors of the port without TLS are sent to the one with it (option
     *     {@code --https-redirect}, default no)
     * @param passthrough where visitors come in whose TLS ends at targets, and nobody else (option {@code --tls-port},
     *     default {@code off}); they may use {@code https} as well
     * @param authority the folder of the local authority (no option of its own): {@code authority} in the user's folder;
     *     the empty path for a user who has none
     */
    public record Tls(
            ListenPort https,
            List<PemFiles.Pair> certificates,
            @Nullable AcmeOptions acme,
            boolean redirect,
            ListenPort passthrough,
            Path authority) {
        private static final Path NOWHERE = Path.of("");

        public static final Tls DEFAULT = new Tls(
                ListenPort.OFF,
                List.of(),
                null,
                false,
                ListenPort.OFF,
                StateFolder.ofUser().map(folder -> folder.resolve("authority")).orElse(NOWHERE));

        /** Whether agents may have tunnels whose TLS ends at their targets. */
        boolean isOffered() {
            return https.isOn() || passthrough.isOn();
        }

        public Tls {
            certificates = List.copyOf(certificates);
            if (!https.isOn() && (!certificates.isEmpty() || redirect)) {
                throw new ConfigException(
                        "--cert, --key and --https-redirect need --https-port: where visitors come in by TLS");
            }
            if (!https.isOn() && acme != null) {
                throw new ConfigException("--acme needs --https-port: where visitors come in by TLS");
            }
            if (https.isOn() && certificates.isEmpty() && acme == null && authority.equals(NOWHERE)) {
                throw new ConfigException("--https-port without --cert keeps an authority in this user's home folder, "
                        + "and there is none: set HOME or CULVERT_HOME, or bring --cert and --key");
            }
        }
    }

    /**
     * Who may connect an agent.
     *
     * @param tokens the file with an owner, the hash of a token and patterns of names a line (option {@code --tokens},
     *     default none); read again when it changes
     * @param issuers the file that says whose signed tokens count, and for which agents (option {@code --issuers}, default
     *     none); beside {@code tokens} or alone. Read again when it changes
     * @param signIn the file that names the identity provider with which visitors sign in whose tunnel asks for it (option
     *     {@code --sign-in}, default none)
     * @param allowAnonymous whether agents without a token are let in beyond loopback (option
     *     {@code --allow-anonymous}, default no). On loopback they are unless there are tokens or issuers
     * @param insecure whether agents of other machines may come in plaintext (option {@code --insecure}, default no)
     */
    public record Access(
            @Nullable Path tokens,
            @Nullable Path issuers,
            @Nullable Path signIn,
            boolean allowAnonymous,
            boolean insecure) {

        public static final Access DEFAULT = new Access(null, null, null, false, false);

        public Access {
            if ((tokens != null || issuers != null) && allowAnonymous) {
                throw new ConfigException("%s and --allow-anonymous exclude each other: choose one"
                        .formatted(tokens == null ? "--issuers" : "--tokens"));
            }
        }

        /** Whether agents have to say who they are. */
        public boolean isAuthenticated() {
            return tokens != null || issuers != null;
        }
    }

    /**
     * Clients of localtunnel's own kind, of npm and others ({@code docs/localtunnel.md}).
     *
     * @param isOn whether they are served (option {@code --localtunnel}, default no)
     * @param ports where their sockets are accepted, a port a client (option {@code --localtunnel-ports}, default any that
     *     is free): for who has to open them in a firewall
     * @param address the host or address by which they reach this node's ports (option {@code --localtunnel-address},
     *     default the host that they have asked): where a balancer stands before the edge
     */
    public record Localtunnel(
            boolean isOn, PortRange ports, @Nullable String address) {
        public static final Localtunnel OFF = new Localtunnel(false, PortRange.OFF, null);

        public Localtunnel {
            if (address != null
                    && !HostName.isHost(address)
                    && !NetUtil.isValidIpV4Address(address)
                    && !NetUtil.isValidIpV6Address(address)) {
                throw new ConfigException(
                        "--localtunnel-address must be a host name or an address, without a port, was " + address);
            }
        }
    }

    /**
     * Plain SSH clients, who ask for a tunnel by {@code ssh -R} ({@code docs/ssh.md}).
     *
     * @param port where they come in (option {@code --ssh-port}, default {@code off}); 0 picks a free port
     * @param keys the file with their public keys, as OpenSSH's {@code authorized_keys} (option {@code --ssh-keys}, default
     *     none): read again when it changes. Without it agents' tokens are their passwords, and where there are none either
     *     anybody may come who may connect an agent
     * @param hostKey the file with the edge's own private key (option {@code --ssh-host-key}, default one that is made up at
     *     each start): needed beyond loopback, and the same on all nodes that have one name
     */
    public record Ssh(
            ListenPort port, @Nullable Path keys, @Nullable Path hostKey) {
        public static final Ssh OFF = new Ssh(ListenPort.OFF, null, null);

        public Ssh {
            if (!port.isOn() && (keys != null || hostKey != null)) {
                throw new ConfigException("--ssh-keys and --ssh-host-key need --ssh-port: where SSH clients come in");
            }
        }
    }

    /**
     * How long names are kept and how they are proven.
     *
     * @param grace how long a name stays its owner's after its last lane has ended (option {@code --grace}, default
     *     60 s); 0 frees it at once. Longer where agents are away for longer: it is what a laptop's sleep may cost
     * @param clusterSecretFile what signs the tickets by which an agent proves that a name is its own (option
     *     {@code --cluster-secret-file}, default none): one line of at least 16 characters. Without it the edge makes
     *     one up at each start, and a restarted edge cannot tell a name's owner from the first who asks for it
     */
    public record Names(Duration grace, @Nullable Path clusterSecretFile) {
        public static final Names DEFAULT = new Names(Duration.ofSeconds(60), null);

        public Names {
            if (grace.isNegative()) {
                throw new ConfigException("--grace must not be negative");
            }
        }
    }

    /** All fields, to be changed one by one where nobody sees it. */
    private static final class Copy {
        private String domain;
        private String bind;
        private final @Nullable URI publicUrl;
        private Ports ports;
        private Tls tls;
        private Access access;
        private Localtunnel localtunnel;
        private Ssh ssh;
        private final Networks trustedProxies;
        private final @Nullable Rate visitorRate;
        private final @Nullable Path accessLog;
        private AdminOptions admin;
        private final Names names;
        private ClusterOptions cluster;
        private @Nullable Duration drainNotice;
        private Duration drainTimeout;
        private @Nullable String nodeId;
        private int eventLoops;
        private final LaneOptions lanes;

        Copy(EdgeOptions from) {
            domain = from.domain;
            bind = from.bind;
            publicUrl = from.publicUrl;
            ports = from.ports;
            tls = from.tls;
            access = from.access;
            localtunnel = from.localtunnel;
            ssh = from.ssh;
            trustedProxies = from.trustedProxies;
            visitorRate = from.visitorRate;
            accessLog = from.accessLog;
            admin = from.admin;
            names = from.names;
            cluster = from.cluster;
            drainNotice = from.drainNotice;
            drainTimeout = from.drainTimeout;
            nodeId = from.nodeId;
            eventLoops = from.eventLoops;
            lanes = from.lanes;
        }

        EdgeOptions done() {
            return new EdgeOptions(
                    domain,
                    bind,
                    publicUrl,
                    ports,
                    tls,
                    access,
                    localtunnel,
                    ssh,
                    trustedProxies,
                    visitorRate,
                    accessLog,
                    admin,
                    names,
                    cluster,
                    drainNotice,
                    drainTimeout,
                    nodeId,
                    eventLoops,
                    lanes);
        }
    }
}
