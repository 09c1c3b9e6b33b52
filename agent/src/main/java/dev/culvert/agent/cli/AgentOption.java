package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.localtunnel.LocaltunnelOptions;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The options of the agent's commands, as the command line, the variables and the files have them. */
enum AgentOption {
    NAME("name", "NAME", "Public name to ask for. Default: the target's last one, or a new one"),
    REMOTE_PORT("remote-port", "PORT", "Public port to ask for. Default: the target's last one, or one that is free"),
    PROXY_PROTOCOL(
            "proxy-protocol",
            "VERSION",
            "Tell the target the visitor's address by the PROXY protocol: off, v1 or v2. Default: off"),
    HOST_HEADER(
            "host-header",
            "VALUE",
            "What the target finds in Host: preserve (the public host), rewrite (its own, for servers that check it),"
                    + " or a value. Default: preserve"),
    POOL("pool", "", "Share the name with other agents of the same owner that say so too."),
    INSECURE_TARGET("insecure-target", "", "Take an https target's certificate unseen, for self-signed ones."),
    BASIC_AUTH(
            "basic-auth",
            "NAME:PASSWORD",
            "Let in only visitors who know this (in a browser, which asks for it). Others may see it here; better:"
                    + " --basic-auth-file."),
    BASIC_AUTH_FILE("basic-auth-file", "FILE", "File with names and passwords, one NAME:PASSWORD a line."),
    SIGN_IN(
            "sign-in",
            "WHO,...",
            "Let in only visitors who sign in with the edge's identity provider and are one of these: ann@example.com,"
                    + " *@example.com, group:staff, or * for all that it knows. Beside --basic-auth: or know that."),
    ALLOW_FROM(
            "allow-from",
            "NETWORK,...",
            "Let in only visitors from these networks, like 192.0.2.0/24 or 2001:db8::/32. Default: from anywhere"),
    ALLOW_PREFLIGHT(
            "allow-preflight",
            "",
            "Let in what browsers ask before a page of another site may call this one (CORS), without password or"
                    + " sign-in."),
    RESPONSE_TIMEOUT(
            "response-timeout",
            "TIME",
            "How long the target may take to begin its answer, like 30s; then the visitor gets 504. Default: as long as it"
                    + " takes"),
    RATE(
            "rate",
            "N/s",
            "How many requests or connections to take from all visitors together, at each node of the edge: 50/s, 600/m,"
                    + " 10000/h, or off; others get 429, or are closed. Default: off"),
    EDGE(
            "edge",
            "EDGE",
            "Where the edge takes agents in: https://host[:port] or a bare host (WebSocket), tls://host[:port],"
                    + " host:port or http://host[:port] (both plain). Default: what `culvert login` kept, else"
                    + " 127.0.0.1:7070"),
    CA("ca", "FILE", "Certificates in PEM that sign the edge's. Default: whom this machine trusts"),
    EDGE_KEY(
            "edge-key",
            "KEY",
            "The edge's public key, sha256:…, instead of an authority: for an edge that signs for itself."),
    TOKEN("token", "TOKEN", "Proves to the edge who you are. Others may see it here; better: --token-file."),
    TOKEN_FILE("token-file", "FILE", "File with the token; read for each connection to the edge."),
    TOKEN_COMMAND(
            "token-command",
            "COMMAND",
            "Command for the shell that prints the token; run for each connection to the edge, for 30 s at most."),
    SSH_KEY(
            "ssh-key",
            "FILE",
            "SSH key that proves to the edge who you are, where it lists the key: the private key, or the public one of a key"
                    + " that ssh-agent has; ssh-keygen signs for each connection to the edge."),
    LANES("lanes", "N", "Connections to keep, each to another node of the edge; one node gets one. Default: 2"),
    INSECURE("insecure", "", "Reach an edge beyond this machine without encryption: private networks only."),
    INSPECT_PORT(
            "inspect-port",
            "PORT",
            "Port of this machine where you look at requests and send them again, in a browser: 4040, or 0 for one that"
                    + " is free. Default: off"),
    JSON(
            "json",
            "",
            "Print one JSON object a line: online, reconnecting, offline, request, connection,"
                    + " target-refused, inspector, notice."),
    PORT("port", "PORT", "The local server's port."),
    HOST(
            "host",
            "URL",
            "The localtunnel server: an http or https URL, or a bare host, which is https. Default: "
                    + LocaltunnelOptions.DEFAULT_SERVER),
    SUBDOMAIN("subdomain", "NAME", "Public name to ask for. Default: one that the server makes up"),
    LOCAL_HOST(
            "local-host",
            "HOST",
            "Host of the local server, which it also finds in Host, once for each connection. Default: localhost, and"
                    + " Host is what visitors asked for"),
    ADMIN("admin", "URL", "The edge's admin port. Default: http://127.0.0.1:7090"),
    ADMIN_TOKEN_FILE("admin-token-file", "FILE", "File with the token that the admin port asks for, where it does.");

    /** Options of the whole agent. */
    static final Set<AgentOption> OF_AGENT =
            Set.of(EDGE, CA, EDGE_KEY, TOKEN, TOKEN_FILE, TOKEN_COMMAND, SSH_KEY, LANES, INSECURE, INSPECT_PORT, JSON);

    /** Options of {@code culvert login}: which edge, and how it and its agents know each other. */
    static final Set<AgentOption> OF_LOGIN =
            Set.of(EDGE, CA, EDGE_KEY, INSECURE, TOKEN, TOKEN_FILE, TOKEN_COMMAND, SSH_KEY);

    /** Options of {@code culvert lt}. */
    static final Set<AgentOption> OF_LOCALTUNNEL = Set.of(PORT, HOST, SUBDOMAIN, LOCAL_HOST, JSON);

    /** Options of {@code culvert status}. */
    static final Set<AgentOption> OF_STATUS = Set.of(ADMIN, ADMIN_TOKEN_FILE, JSON);

    /** Its long name, without dashes. */
    final String key;

    /** What stands for its value in the help; empty for a switch. */
    final String value;

    /** What the help says. */
    final String help;

    AgentOption(String key, String value, String help) {
        this.key = key;
        this.value = value;
        this.help = help;
    }

    /** Options of one tunnel, by its kind. */
    static Set<AgentOption> of(TunnelOptions.Kind kind) {
        return switch (kind) {
            case HTTP, HTTP2 ->
                Set.of(
                        NAME,
                        HOST_HEADER,
                        POOL,
                        BASIC_AUTH,
                        BASIC_AUTH_FILE,
                        SIGN_IN,
                        ALLOW_FROM,
                        ALLOW_PREFLIGHT,
                        RESPONSE_TIMEOUT,
                        RATE,
                        INSECURE_TARGET);
            case TCP -> Set.of(REMOTE_PORT, PROXY_PROTOCOL, POOL, ALLOW_FROM, RATE);
            case TLS -> Set.of(NAME, PROXY_PROTOCOL, POOL, ALLOW_FROM, RATE);
        };
    }

    boolean isSwitch() {
        return value.isEmpty();
    }

    /** The keys of these options. */
    static Set<String> keys(Set<AgentOption> options) {
        return options.stream().map(option -> option.key).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The keys of all options: what the user's own file may have. */
    static Set<String> keys() {
        return keys(Arrays.stream(values()).collect(Collectors.toSet()));
    }
}
