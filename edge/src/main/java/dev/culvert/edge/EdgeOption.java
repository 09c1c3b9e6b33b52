package dev.culvert.edge;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** The options of {@code culvert edge}, as the command line, the variables and {@code edge.yaml} have them. */
enum EdgeOption {
    DOMAIN("domain", "NAME", "Domain whose labels are tunnels. Default: localhost"),
    BIND("bind", "ADDRESS", "Address on which visitors and agents are accepted. Default: 127.0.0.1"),
    PUBLIC_URL("public-url", "URL", "What visitors type, when a balancer stands before this edge. Default: none"),
    HTTP_PORT("http-port", "PORT", "Port for visitors; 0 for a free one, or off. Default: 7080"),
    TCP_PORTS("tcp-ports", "FIRST-LAST", "Ports that tunnels for raw TCP may have. Default: off"),
    HTTPS_PORT("https-port", "PORT", "Port for visitors by TLS; 0 for a free one, or off. Default: off"),
    CERT(
            "cert",
            "FILE,...",
            "Certificate chains for --https-port, PEM; repeatable. Default: of a local authority, made once"),
    KEY("key", "FILE,...", "The keys of --cert, in its order, PEM; repeatable."),
    ACME(
            "acme",
            "AUTHORITY",
            "Order certificates for --https-port: of letsencrypt, letsencrypt-staging, or an ACME directory's URL; agrees to"
                    + " its terms. Default: off"),
    ACME_EMAIL("acme-email", "ADDRESS", "Where the authority may write to. Default: none"),
    ACME_CA("acme-ca", "FILE", "Who signs the certificate of the authority itself, PEM. Default: whom Java trusts"),
    ACME_EAB_FILE(
            "acme-eab-file",
            "FILE",
            "Account that the authority wants to be had before: key identifier and HMAC key, in one line. Default: none"),
    ACME_DNS(
            "acme-dns",
            "PROGRAM",
            "Writes into the domain's DNS for --acme, which orders a wildcard then: `PROGRAM present|cleanup NAME VALUE`."
                    + " Default: none"),
    HTTPS_REDIRECT("https-redirect", "", "Send visitors of --http-port to HTTPS."),
    TLS_PORT("tls-port", "PORT", "Port for TLS that ends at targets alone; 0 for a free one, or off. Default: off"),
    LANE_PORT("lane-port", "PORT", "Port for agents, TLS with --https-port; 0 for a free one, or off. Default: 7070"),
    ADMIN_PORT("admin-port", "PORT", "Port of the admin API; 0 for a free one, or off. Default: 7090"),
    ADMIN_BIND("admin-bind", "ADDRESS", "Address of the admin API. Default: 127.0.0.1"),
    ADMIN_TOKEN_FILE("admin-token-file", "FILE", "Token that the admin API asks for; needed beyond loopback."),
    TOKENS("tokens", "FILE", "Who may connect agents; `culvert token create` writes one."),
    ISSUERS(
            "issuers",
            "FILE",
            "Whose signed tokens (JWT, OpenID Connect) agents may show, beside or instead of --tokens."),
    AGENT_KEYS(
            "agent-keys",
            "FILE",
            "Public SSH keys of agents, as authorized_keys has them, beside or instead of --tokens; may be the file of"
                    + " --ssh-keys."),
    SIGN_IN(
            "sign-in",
            "FILE",
            "Identity provider (OpenID Connect) that visitors of tunnels with --sign-in sign in with. Default: none"),
    ALLOW_ANONYMOUS("allow-anonymous", "", "Let agents without a token in, beyond loopback too."),
    INSECURE("insecure", "", "Take agents of other machines without TLS."),
    LOCALTUNNEL("localtunnel", "", "Take localtunnel's clients, who need no token."),
    LOCALTUNNEL_PORTS(
            "localtunnel-ports", "FIRST-LAST", "Ports for --localtunnel, one a client. Default: any that is free"),
    LOCALTUNNEL_ADDRESS(
            "localtunnel-address",
            "HOST",
            "Where localtunnel's clients reach this node's ports, behind a balancer. Default: the host they asked"),
    SSH_PORT("ssh-port", "PORT", "Port for plain SSH clients, ssh -R; 0 for a free one, or off. Default: off"),
    SSH_KEYS(
            "ssh-keys",
            "FILE",
            "Keys of SSH clients, as authorized_keys has them. Default: none; a token as password, or on loopback anybody"),
    SSH_HOST_KEY(
            "ssh-host-key",
            "FILE",
            "The edge's own SSH key, by ssh-keygen; needed beyond loopback. Default: made up at each start"),
    TRUSTED_PROXIES("trusted-proxies", "CIDR,...", "Peers whose forwarded fields are believed. Default: none"),
    VISITOR_RATE(
            "visitor-rate",
            "N/s",
            "How often one visitor may ask for tunnels: 50/s, 600/m, 10000/h, or off. Default: off"),
    ACCESS_LOG("access-log", "FILE", "Write down what visitors ask for, one JSON object a line. Default: nowhere"),
    CLUSTER_SECRET_FILE(
            "cluster-secret-file",
            "FILE",
            "Signs the proof that a name is its agent's. Default: made up at each start, so that a restart forgets"),
    GRACE("grace", "TIME", "How long a name is kept for its owner without a lane. Default: 60s"),
    CLUSTER(
            "cluster",
            "MODE",
            "Other edges: off, local, static, kubernetes, or a FILE. Default: off; static with --join"),
    CLUSTER_NAME("cluster-name", "NAME", "What nodes must agree on to meet; needed beyond loopback. Default: culvert"),
    CLUSTER_HOST("cluster-host", "ADDRESS", "Address by which other nodes reach this one. Default: that of --bind"),
    CLUSTER_PORT("cluster-port", "PORT", "Port for Hazelcast; 0 for a free one. Default: 5701"),
    BUS_PORT("bus-port", "PORT", "Port for the event bus between nodes; 0 for a free one. Default: 5702"),
    JOIN("join", "HOST:PORT,...", "Where other nodes are; for kubernetes the headless Service. Default: none"),
    BUS_TLS("bus-tls", "DIR", "This node's certificate for the event bus, by make-authority. Default: no TLS there"),
    DRAIN_NOTICE(
            "drain-notice",
            "TIME",
            "How long the edge goes on, not ready, before it drains. Default: 5s in a cluster, else 0"),
    DRAIN_TIMEOUT("drain-timeout", "TIME", "How long open exchanges get to finish at the end. Default: 30s"),
    NODE_ID("node-id", "LABEL", "Label of this node in logs. Default: the host name"),
    EVENT_LOOPS("event-loops", "N", "Threads that serve visitors and agents. Default: one for two cores");

    /** The keys of {@code edge.yaml}. */
    static final Set<String> KEYS =
            Arrays.stream(values()).map(option -> option.key).collect(Collectors.toSet());

    /** Its long name, without dashes. */
    final String key;

    /** What stands for its value in the help; empty for a switch. */
    final String value;

    /** One line for the help. */
    final String help;

    EdgeOption(String key, String value, String help) {
        this.key = key;
        this.value = value;
        this.help = help;
    }

    boolean isSwitch() {
        return value.isEmpty();
    }

    /** Whether it may be given several times, which is the same as once with commas. */
    boolean isRepeatable() {
        return this == CERT || this == KEY;
    }
}
