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
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
        EdgeRules.requireDomain(domain, publicUrl);
        EdgeRules.requireAccess(bind, publicUrl, trustedProxies, access);
        EdgeRules.requireLanes(bind, ports, tls, access);
        EdgeRules.requireLocaltunnel(bind, ports, tls, access, localtunnel);
        EdgeRules.requireSsh(bind, access, ssh);
        EdgeRules.requireSignIn(bind, publicUrl, tls, access);
        EdgeRules.requireAcme(domain, ports, tls, names, cluster);
        EdgeRules.requireDoors(ports, tls, localtunnel, ssh, admin);
        EdgeRules.requireAdmin(admin);
        EdgeRules.requireCluster(cluster, clusterHostOf(cluster, bind));
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

    /** Whether it stands for all addresses of this machine. */
    static boolean isWildcard(String address) {
        return Loopback.address("--bind", address).isAnyLocalAddress();
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
     * @param agentKeys the file with agents' public SSH keys, as that of {@link Ssh#keys} (option {@code --agent-keys}, default
     *     none); beside the others or alone. Read again when it changes
     * @param signIn the file that names the identity provider with which visitors sign in whose tunnel asks for it (option
     *     {@code --sign-in}, default none)
     * @param allowAnonymous whether agents without a token are let in beyond loopback (option
     *     {@code --allow-anonymous}, default no). On loopback they are unless there are tokens, issuers or keys
     * @param insecure whether agents of other machines may come in plaintext (option {@code --insecure}, default no)
     */
    public record Access(
            @Nullable Path tokens,
            @Nullable Path issuers,
            @Nullable Path agentKeys,
            @Nullable Path signIn,
            boolean allowAnonymous,
            boolean insecure) {

        public static final Access DEFAULT = new Access(null, null, null, null, false, false);

        public Access {
            if (allowAnonymous && (tokens != null || issuers != null || agentKeys != null)) {
                throw new ConfigException(
                        "%s and --allow-anonymous exclude each other: choose one".formatted(asking(tokens, issuers)));
            }
        }

        /** Whether agents have to say who they are. */
        public boolean isAuthenticated() {
            return tokens != null || issuers != null || agentKeys != null;
        }

        /** The option that says so, where one does; the first of several. */
        String asking() {
            return asking(tokens, issuers);
        }

        private static String asking(@Nullable Path tokens, @Nullable Path issuers) {
            if (tokens != null) {
                return "--tokens";
            }
            return issuers != null ? "--issuers" : "--agent-keys";
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
