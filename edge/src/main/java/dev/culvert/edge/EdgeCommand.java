package dev.culvert.edge;

import dev.culvert.config.Settings;
import dev.culvert.config.YamlSection;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code culvert edge}: one edge, until a signal ends it. */
final class EdgeCommand implements Callable<Integer> {
    private static final String CONFIG = "config";

    private final Map<String, String> environment;
    private @Nullable CommandSpec spec;

    private EdgeCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    static CommandSpec spec(Map<String, String> environment) {
        EdgeCommand command = new EdgeCommand(environment);
        CommandSpec spec = CommandSpec.wrapWithoutInspection(command).mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description("Runs an edge: takes visitors in and carries them to the agents.")
                .footer(
                        "",
                        "Every option is also a variable (CULVERT_LANE_PORT) and a key of the file of --config",
                        "(lane-port); a flag wins over a variable, and that over the file.");
        spec.addOption(OptionSpec.builder("--" + CONFIG)
                .type(String.class)
                .paramLabel("FILE")
                .description("YAML file with these options as keys. Default: none")
                .build());
        for (EdgeOption option : EdgeOption.values()) {
            spec.addOption(option(option));
        }
        command.spec = spec;
        return spec;
    }

    private static OptionSpec option(EdgeOption option) {
        OptionSpec.Builder builder =
                OptionSpec.builder("--" + option.key).type(String.class).description(option.help);
        if (option.isRepeatable()) {
            builder.type(List.class).auxiliaryTypes(String.class);
        }
        return option.isSwitch()
                ? builder.arity("0").build()
                : builder.paramLabel(option.value).build();
    }

    @Override
    public Integer call() throws Exception {
        // Before all else: reading the options makes loggers already.
        LogSettings.apply(environment, "info");
        CommandSpec parsed = Objects.requireNonNull(spec);
        EdgeOptions options = options(parsed.commandLine().getParseResult(), environment);
        PrintWriter out = parsed.commandLine().getOut();
        Program.run(
                options.eventLoopsOrDefault(),
                vertx -> Edge.start(vertx, options).map(edge -> {
                    greet(edge, options, out);
                    return edge::close;
                }),
                options.drainNoticeOrDefault().plus(options.drainTimeout()));
        return 0;
    }

    private static void greet(Edge edge, EdgeOptions options, PrintWriter out) {
        Edge.Ports ports = edge.ports();
        out.printf("Culvert edge is running.%n%n");
        if (ports.http() >= 0 || ports.https() >= 0) {
            out.printf("  visitors  %s%n", edge.urlOf("*." + options.domain()));
        }
        if (ports.https() >= 0 && ports.http() >= 0) {
            out.printf("            port %d without TLS%n", ports.http());
        }
        if (ports.tls() >= 0) {
            out.printf("            port %d for TLS that ends at targets%n", ports.tls());
        }
        edge.localAuthority()
                .ifPresent(file -> out.printf(
                        "            certified by an authority of this user; to trust it: curl --cacert %s%n", file));
        if (options.ports().tcp().isOn()) {
            out.printf(
                    "  TCP       tcp://%s:%s%n",
                    options.domain(), options.ports().tcp());
        }
        if (ports.lane() >= 0) {
            out.printf("  agents    %s:%d, %s%n", shown(options.bind()), ports.lane(), whoMayConnect(options));
        } else if (ports.http() >= 0 || ports.https() >= 0) {
            out.printf("  agents    %s, %s%n", edge.urlOf(options.domain()), whoMayConnect(options));
        }
        if (ports.admin() >= 0) {
            out.printf("  admin     http://%s:%d/%n", shown(options.admin().bind()), ports.admin());
        }
        if (ports.cluster() >= 0) {
            out.printf("  nodes     port %d, %s%n", ports.cluster(), nodes(edge.nodes()));
        }
        boolean alone = Loopback.is(Loopback.address("--bind", options.bind()));
        if (byWeb(ports.lane() >= 0, alone, ports.https() >= 0) && (ports.http() >= 0 || ports.https() >= 0)) {
            out.printf("%nNext, beside a local server, give a port a name:%n%n");
            out.printf("  culvert login %s%n  culvert http 3000 --name my-app%n", edge.urlOf(options.domain()));
        } else if (ports.lane() >= 0) {
            boolean usual =
                    alone && ports.lane() == EdgeOptions.DEFAULT.ports().lane().number();
            out.printf("%nNext, %s, give a port a name:%n%n", usual ? "in another terminal" : "beside a local server");
            out.printf(
                    "  culvert http 3000 --name my-app%s%s%s%n",
                    usual ? "" : " --edge %s:%d".formatted(reached(options.bind()), ports.lane()),
                    alone ? "" : " --insecure",
                    options.access().tokens() == null ? "" : " --token TOKEN");
        }
        out.printf("%nCtrl-C stops it.%n");
        out.flush();
    }

    /** Whether agents are led to the web port: agents of other machines take a plain lane only if they are told to. */
    private static boolean byWeb(boolean lane, boolean alone, boolean https) {
        return !lane || (!alone && https);
    }

    private static String nodes(int nodes) {
        return nodes == 1 ? "the first of its cluster" : "%d of them now".formatted(nodes);
    }

    private static String whoMayConnect(EdgeOptions options) {
        if (options.access().tokens() != null) {
            return "with a token of " + options.access().tokens();
        }
        return Loopback.is(Loopback.address("--bind", options.bind()))
                ? "anybody on this machine"
                : "anybody who can reach it";
    }

    private static String shown(String address) {
        return address.contains(":") ? "[" + address + "]" : address;
    }

    private static String reached(String bind) {
        return bind.equals("0.0.0.0") || bind.equals("::") ? "ADDRESS" : shown(bind);
    }

    /** What the command line, the environment and the file of both say together. */
    static EdgeOptions options(ParseResult parsed, Map<String, String> environment) {
        Map<String, String> flags = new HashMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            List<String> values = option.originalStringValues();
            String key = option.longestName().substring(2);
            if (option.arity().max() == 0) {
                flags.put(key, "true");
            } else {
                flags.put(key, isRepeatable(key) ? String.join(",", values) : values.get(values.size() - 1));
            }
        }
        @Nullable String config = flags.remove(CONFIG);
        if (config == null) {
            config = new Settings(environment, List.of()).find(CONFIG).orElse(null);
        }
        List<YamlSection> files = config == null ? List.of() : List.of(file(config));
        return new EdgeSettings(flags, new Settings(environment, files)).read();
    }

    private static boolean isRepeatable(String key) {
        return Arrays.stream(EdgeOption.values()).anyMatch(option -> option.key.equals(key) && option.isRepeatable());
    }

    private static YamlSection file(String name) {
        YamlSection file = YamlSection.read(Path.of(name));
        file.allowOnly(EdgeOption.KEYS);
        return file;
    }
}
