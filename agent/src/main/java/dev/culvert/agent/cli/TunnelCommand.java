package dev.culvert.agent.cli;

import dev.culvert.agent.AgentException;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.config.ListenPort;
import dev.culvert.config.YamlSection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code culvert http}, {@code http2}, {@code tcp}, {@code tls} and {@code start}: tunnels, until a signal ends them. */
final class TunnelCommand implements Callable<Integer> {
    private static final String CONFIG = "config";
    private static final String DEFAULT_CONFIG = "culvert.yaml";

    private final Surroundings surroundings;
    private final TunnelOptions.@Nullable Kind kind;
    private @Nullable CommandSpec spec;

    /** A command for tunnels of this kind, or, without one, for those of a file. */
    private TunnelCommand(Surroundings surroundings, TunnelOptions.@Nullable Kind kind) {
        this.surroundings = surroundings;
        this.kind = kind;
    }

    /** {@code culvert http TARGET}. */
    static CommandSpec http(Surroundings surroundings) {
        CommandSpec spec = ofOne(
                surroundings,
                TunnelOptions.Kind.HTTP,
                "The local server: a port, host:port, an http(s) URL, or unix:/path; or a folder of files.");
        spec.usageMessage()
                .description("Gives a local HTTP server, or a folder, a public name, until Ctrl-C.")
                .footer(
                        "",
                        "The name stays the same over reconnects and restarts. Without an edge at",
                        "the start it ends at once with exit code 1; once online, it reconnects",
                        "for ever.",
                        "",
                        "Every option is also a variable (CULVERT_TOKEN_FILE) and a key of",
                        "config.yaml in ~/.config/culvert (token-file); a flag wins over a variable,",
                        "and that over the file.",
                        "",
                        "Examples:",
                        "  culvert http 3000",
                        "  culvert http 3000 --inspect-port 4040",
                        "  culvert http 3000 --basic-auth-file passwords --allow-from 192.0.2.0/24",
                        "  culvert http 3000 --sign-in '*@example.com'",
                        "  culvert http localhost:5173 --host-header rewrite --name shop",
                        "  culvert http https://127.0.0.1:8443 --insecure-target",
                        "  culvert http unix:/run/app.sock",
                        "  culvert http ./site");
        return spec;
    }

    /** {@code culvert http2 TARGET}. */
    static CommandSpec http2(Surroundings surroundings) {
        CommandSpec spec = ofOne(
                surroundings,
                TunnelOptions.Kind.HTTP2,
                "The local server: a port, host:port, an http(s) URL, or unix:/path.");
        spec.usageMessage()
                .description(
                        "Gives a local server that speaks HTTP/2, as those of gRPC do, a public name, until", "Ctrl-C.")
                .footer(
                        "",
                        "Without TLS the server is spoken to in HTTP/2 from the first byte (h2c); an https target",
                        "must choose it by ALPN. Visitors may speak HTTP/1.1 or HTTP/2; for gRPC the edge needs",
                        "--https-port, or clients that speak h2c.",
                        "",
                        "Examples:",
                        "  culvert http2 50051 --name greeter",
                        "  culvert http2 https://localhost:8443 --insecure-target");
        return spec;
    }

    /** {@code culvert tcp TARGET}. */
    static CommandSpec tcp(Surroundings surroundings) {
        CommandSpec spec = ofOne(
                surroundings,
                TunnelOptions.Kind.TCP,
                "The local server: a port, host:port, tcp://host:port, or unix:/path.");
        spec.usageMessage()
                .description("Gives a local server that speaks anything a public TCP port, until Ctrl-C.")
                .footer(
                        "",
                        "The edge must have ports for it (culvert edge --tcp-ports 2200-2299). The port",
                        "stays the same over reconnects and restarts.",
                        "",
                        "Examples:",
                        "  culvert tcp 22 --remote-port 2222",
                        "  culvert tcp localhost:5432",
                        "  culvert tcp 8080 --proxy-protocol v2");
        return spec;
    }

    /** {@code culvert tls TARGET}. */
    static CommandSpec tls(Surroundings surroundings) {
        CommandSpec spec = ofOne(
                surroundings,
                TunnelOptions.Kind.TLS,
                "The local server: a port, host:port, https://host, or unix:/path.");
        spec.usageMessage()
                .description(
                        "Gives a local server that speaks TLS a public name, until Ctrl-C.",
                        "The bytes are carried as they are: certificate and key stay with the server, and the",
                        "edge cannot read what is said.")
                .footer(
                        "",
                        "The edge must take TLS for targets. Visitors must send the name (SNI), and the",
                        "server's certificate must be for it.",
                        "",
                        "Examples:",
                        "  culvert tls 8443 --name shop",
                        "  culvert tls https://localhost:8443 --proxy-protocol v2");
        return spec;
    }

    private static CommandSpec ofOne(Surroundings surroundings, TunnelOptions.Kind kind, String target) {
        CommandSpec spec = new TunnelCommand(surroundings, kind).create();
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .required(true)
                .type(String.class)
                .paramLabel("TARGET")
                .description(target)
                .build());
        Arrays.stream(AgentOption.values())
                .filter(option -> AgentOption.of(kind).contains(option) || AgentOption.OF_AGENT.contains(option))
                .filter(option -> kind == TunnelOptions.Kind.HTTP || option != AgentOption.INSPECT_PORT)
                .forEach(option -> spec.addOption(option(option)));
        return spec;
    }

    /** {@code culvert start [TUNNEL...]}. */
    static CommandSpec start(Surroundings surroundings) {
        CommandSpec spec = new TunnelCommand(surroundings, null).create();
        spec.usageMessage()
                .description("Opens the tunnels of a file, all or those that are named, until Ctrl-C.")
                .footer(
                        "",
                        "The file:",
                        "  edge: 127.0.0.1:7070          # and every other option above",
                        "  tunnels:",
                        "    web: 3000",
                        "    shop: {target: 5173, name: shop, host-header: rewrite}",
                        "    ours: {target: 8080, basic-auth-file: passwords}",
                        "    greeter: {kind: http2, target: 50051}",
                        "    ssh: {kind: tcp, target: 22, remote-port: 2222}",
                        "    safe: {kind: tls, target: 8443}");
        spec.addPositional(PositionalParamSpec.builder()
                .index("0..*")
                .arity("0..*")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel("TUNNEL")
                .description("Tunnels of the file. Default: all")
                .build());
        spec.addOption(OptionSpec.builder("--" + CONFIG)
                .type(String.class)
                .paramLabel("FILE")
                .description("YAML file with the tunnels. Default: " + DEFAULT_CONFIG)
                .build());
        Arrays.stream(AgentOption.values())
                .filter(AgentOption.OF_AGENT::contains)
                .forEach(option -> spec.addOption(option(option)));
        return spec;
    }

    static OptionSpec option(AgentOption option) {
        return option(option, option.help);
    }

    static OptionSpec option(AgentOption option, String help) {
        OptionSpec.Builder builder =
                OptionSpec.builder("--" + option.key).type(String.class).description(help);
        return option.isSwitch()
                ? builder.arity("0").build()
                : builder.paramLabel(option.value).build();
    }

    /** The flags that were given, by long name without dashes. */
    static Map<String, String> flags(ParseResult parsed) {
        Map<String, String> flags = new HashMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            List<String> values = option.originalStringValues();
            flags.put(
                    option.longestName().substring(2),
                    option.arity().max() == 0 ? "true" : values.get(values.size() - 1));
        }
        return flags;
    }

    private CommandSpec create() {
        CommandSpec created = CommandSpec.wrapWithoutInspection(this).mixinStandardHelpOptions(true);
        spec = created;
        return created;
    }

    @Override
    public Integer call() throws Exception {
        ParseResult parsed = Objects.requireNonNull(spec).commandLine().getParseResult();
        Map<String, String> flags = flags(parsed);
        List<YamlSection> files = new ArrayList<>();
        List<WantedTunnel> tunnels;
        if (kind == null) {
            String config = flags.remove(CONFIG);
            TunnelsFile file = TunnelsFile.read(Path.of(
                    config != null
                            ? config
                            : surroundings.settings(List.of()).find(CONFIG).orElse(DEFAULT_CONFIG)));
            AdmissionChoices.refuse(
                    surroundings.choices(flags, List.of()),
                    "does not hold for the tunnels of a file; write it below each of them");
            files.add(file.section());
            tunnels = file.tunnels(words(parsed));
        } else {
            tunnels = List.of(AgentChoices.tunnel(
                    "", kind, surroundings.choices(flags, files), words(parsed).get(0)));
        }
        Choices choices = surroundings.choices(flags, files);
        AgentOptions options = AgentChoices.agent(choices, surroundings);
        ListenPort inspectPort = AgentChoices.inspectPort(choices, tunnels);
        return run(options, tunnels, inspectPort, choices.isOn(AgentOption.JSON));
    }

    private static List<String> words(ParseResult parsed) {
        return parsed.matchedPositionals().stream()
                .flatMap(positional -> positional.originalStringValues().stream())
                .toList();
    }

    private int run(AgentOptions options, List<WantedTunnel> tunnels, ListenPort inspectPort, boolean json)
            throws InterruptedException {
        Output output = json
                ? new JsonOutput(surroundings.out())
                : new PlainOutput(surroundings.out(), surroundings.terminal(), tunnels.size() > 1, "edge");
        Session session = new Session(options, tunnels, inspectPort, output);
        try (Signals ignored = Signals.stop(session::stop)) {
            session.run();
            return AgentMain.FAILED;
        } catch (AgentException e) {
            throw new CommandFailedException(
                    session.refusedEntry(e.code()) + e.getMessage() + advice(e.code(), tunnels));
        }
    }

    private String advice(AgentException.Code code, List<WantedTunnel> tunnels) {
        boolean ports = tunnels.stream().allMatch(tunnel -> tunnel.options().kind() == TunnelOptions.Kind.TCP);
        return switch (code) {
            case NO_EDGE -> "; start one with `culvert edge`, or name yours with --edge";
            case VERSION_MISMATCH -> "; use the version of culvert that the edge has";
            case NAME_TAKEN ->
                "; choose another %s, or leave it out for one that is free"
                        .formatted(
                                kind == null
                                        ? (ports ? "remote-port" : "name") + " in the file"
                                        : "with " + (ports ? "--remote-port" : "--name"));
            case INSPECTOR -> "; choose another with --inspect-port, or 0 for one that is free";
            // The edge's own words say what to do.
            case NO_TOKEN, UNAUTHORIZED, REFUSED, UNTRUSTED, PROXY_REFUSED, LOOP, FOLDER, CLOSED -> "";
        };
    }
}
