package dev.culvert.agent.cli;

import dev.culvert.admission.Admission;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.agent.dial.EdgeTrust;
import dev.culvert.agent.dial.TokenSource;
import dev.culvert.agent.dial.WebProxies;
import dev.culvert.agent.target.ProxyProtocol;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Durations;
import dev.culvert.config.FileFaults;
import dev.culvert.config.ListenPort;
import dev.culvert.config.Rate;
import dev.culvert.config.Secret;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes the library's options of what was chosen on the command line, in variables and in files. */
final class AgentChoices {
    private AgentChoices() {}

    /** The options of the agent. */
    static AgentOptions agent(Choices choices, Surroundings surroundings) {
        AgentOptions options = reached(choices, surroundings.environment());
        Optional<Integer> lanes = choices.read(AgentOption.LANES, AgentChoices::lanes);
        if (lanes.isPresent()) {
            options = options.withLanes(lanes.get());
        }
        return options.withStateFolder(surroundings.home())
                .withTokenSource(tokenSource(choices, options.edge()).orElse(null));
    }

    /** Which edge, and how. */
    private static AgentOptions reached(Choices choices, Map<String, String> environment) {
        WebProxies proxies = new WebProxies(environment);
        AgentOptions options = AgentOptions.DEFAULT.withTrust(trust(choices)).withProxies(WebProxies.NONE);
        Optional<EdgeAddress> edge = choices.read(AgentOption.EDGE, EdgeAddress::parse);
        if (edge.isEmpty()) {
            return options.withProxies(proxies);
        }
        boolean insecure = choices.isOn(AgentOption.INSECURE);
        AgentOptions chosen = choices.read(
                        AgentOption.EDGE,
                        ignored -> insecure ? options.withInsecureEdge(edge.get()) : options.withEdge(edge.get()))
                .orElse(options);
        return chosen.withProxies(proxies);
    }

    private static EdgeTrust trust(Choices choices) {
        AgentOption nearest =
                choices.nearest(AgentOption.CA, AgentOption.EDGE_KEY).orElse(null);
        Optional<EdgeTrust> trust = nearest == AgentOption.CA
                ? choices.read(nearest, file -> EdgeTrust.authorities(Path.of(file)))
                : choices.read(AgentOption.EDGE_KEY, EdgeTrust::key);
        return trust.orElse(EdgeTrust.OF_MACHINE);
    }

    /** One tunnel. */
    static WantedTunnel tunnel(String entry, TunnelOptions.Kind kind, Choices choices, String target) {
        return new WantedTunnel(entry, options(kind, choices, target), AdmissionChoices.passwordFile(choices));
    }

    private static TunnelOptions options(TunnelOptions.Kind kind, Choices choices, String target) {
        TunnelOptions bare = bare(kind, choices, target);
        TunnelOptions options = choices.read(AgentOption.RATE, text -> bare.withRate(Rate.parseOrOff(text)))
                .orElse(bare);
        Admission admission = AdmissionChoices.of(choices);
        Optional<AgentOption> by = choices.nearest(AgentOption.BASIC_AUTH, AgentOption.BASIC_AUTH_FILE)
                .or(() -> choices.nearest(AgentOption.SIGN_IN))
                .or(() -> choices.nearest(AgentOption.ALLOW_FROM));
        // Also where it comes from a variable for all commands: whoever set it must not take the tunnel for closed.
        return by.isEmpty()
                ? options
                : choices.read(by.get(), text -> options.withAdmission(admission))
                        .orElse(options);
    }

    private static TunnelOptions bare(TunnelOptions.Kind kind, Choices choices, String target) {
        return switch (kind) {
            case HTTP -> http(choices, TunnelOptions.http(target));
            case HTTP2 -> http(choices, TunnelOptions.http2(target));
            case TCP -> {
                TunnelOptions options = raw(choices, TunnelOptions.tcp(target));
                yield choices.read(AgentOption.REMOTE_PORT, text -> options.withRemotePort(remotePort(text)))
                        .orElse(options);
            }
            case TLS -> {
                TunnelOptions options = raw(choices, TunnelOptions.tls(target));
                yield choices.read(AgentOption.NAME, options::withName).orElse(options);
            }
        };
    }

    private static TunnelOptions raw(Choices choices, TunnelOptions bare) {
        TunnelOptions options = bare.withPool(choices.isOn(AgentOption.POOL));
        return choices.read(AgentOption.PROXY_PROTOCOL, text -> options.withProxyProtocol(ProxyProtocol.parse(text)))
                .orElse(options);
    }

    private static int remotePort(String text) {
        if (!text.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("must be a port, 1 to 65535, or 0 for any, was " + text);
        }
        return Integer.parseInt(text);
    }

    private static TunnelOptions http(Choices choices, TunnelOptions bare) {
        TunnelOptions options = bare.withPool(choices.isOn(AgentOption.POOL))
                .withInsecureTarget(choices.isOn(AgentOption.INSECURE_TARGET));
        Optional<String> name = choices.text(AgentOption.NAME);
        if (name.isPresent()) {
            options = choices.read(AgentOption.NAME, options::withName).orElse(options);
        }
        TunnelOptions named = options;
        TunnelOptions timed = choices.read(
                        AgentOption.RESPONSE_TIMEOUT, text -> named.withResponseTimeout(Durations.parse(text)))
                .orElse(named);
        return choices.read(AgentOption.HOST_HEADER, timed::withHostHeader).orElse(timed);
    }

    /** The option that says where the token comes from. */
    static Optional<AgentOption> tokenOption(Choices choices) {
        return choices.nearest(
                AgentOption.TOKEN, AgentOption.TOKEN_FILE, AgentOption.TOKEN_COMMAND, AgentOption.SSH_KEY);
    }

    private static Optional<TokenSource> tokenSource(Choices choices, EdgeAddress edge) {
        AgentOption nearest = tokenOption(choices).orElse(null);
        if (nearest == AgentOption.TOKEN_COMMAND) {
            return choices.read(nearest, TokenSource::ofCommand);
        } else if (nearest == AgentOption.SSH_KEY) {
            return choices.read(nearest, file -> TokenSource.ofSshKey(sshKey(file), edge));
        }
        // A file is read now, too: one that is not there is a mistake of who named it.
        Optional<Secret> token = token(choices);
        return nearest == AgentOption.TOKEN_FILE
                ? choices.read(nearest, file -> TokenSource.ofFile(Path.of(file)))
                : token.map(TokenSource::of);
    }

    /** One that is not there is a mistake of who named it. */
    private static Path sshKey(String text) {
        Path file = Path.of(text);
        if (!Files.isRegularFile(file)) {
            throw new ConfigException(FileFaults.sentence(file, new NoSuchFileException(text)));
        }
        return file;
    }

    /** The token now, where it is neither a command's to say nor a key's. */
    static Optional<Secret> token(Choices choices) {
        return tokenOption(choices)
                .flatMap(option -> option == AgentOption.TOKEN_FILE
                        ? tokenFile(choices, option)
                        : choices.read(option, Secret::of));
    }

    /** The token in a file of an option. */
    static Optional<Secret> tokenFile(Choices choices, AgentOption option) {
        return choices.read(option, Path::of).map(file -> {
            try {
                String text = SmallFile.text(file, TokenSource.MOST_BYTES).strip();
                if (text.isEmpty()) {
                    throw choices.wrong(option, file + " is empty");
                }
                return Secret.of(text);
            } catch (IOException e) {
                throw choices.wrong(option, FileFaults.sentence(file, e));
            }
        });
    }

    private static int lanes(String text) {
        if (!text.matches("[0-9]{1,4}")) {
            throw new IllegalArgumentException("must be a number, was " + text);
        }
        int lanes = Integer.parseInt(text);
        if (lanes < 1 || lanes > AgentOptions.MOST_LANES) {
            throw new IllegalArgumentException(
                    "must be between 1 and %d, was %d".formatted(AgentOptions.MOST_LANES, lanes));
        }
        return lanes;
    }

    /**
     * Where people look at requests. A file or a variable may say it for all commands; where there is no tunnel with
     * requests, only a flag is taken at its word, and refused.
     */
    static ListenPort inspectPort(Choices choices, List<WantedTunnel> tunnels) {
        ListenPort port =
                choices.read(AgentOption.INSPECT_PORT, ListenPort::parse).orElse(ListenPort.OFF);
        if (!port.isOn() || tunnels.stream().anyMatch(tunnel -> tunnel.options().kind() == TunnelOptions.Kind.HTTP)) {
            return port;
        }
        if (choices.isFlag(AgentOption.INSPECT_PORT)) {
            throw choices.wrong(AgentOption.INSPECT_PORT, "only http tunnels have requests to look at; leave it out");
        }
        return ListenPort.OFF;
    }
}
