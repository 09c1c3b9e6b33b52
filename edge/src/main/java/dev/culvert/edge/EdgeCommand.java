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
                    new Greeting(edge, options).print(out);
                    return new Program.Running(edge::close, edge.broken());
                }),
                options.drainNoticeOrDefault().plus(options.drainTimeout()));
        return 0;
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
