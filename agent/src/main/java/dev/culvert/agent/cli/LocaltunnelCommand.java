package dev.culvert.agent.cli;

import dev.culvert.agent.SmallVertx;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.agent.localtunnel.LocaltunnelClient;
import dev.culvert.agent.localtunnel.LocaltunnelException;
import dev.culvert.agent.localtunnel.LocaltunnelListener;
import dev.culvert.agent.localtunnel.LocaltunnelOptions;
import dev.culvert.agent.target.Target;
import dev.culvert.config.ConfigException;
import io.vertx.core.Vertx;
import java.net.URI;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code culvert lt}: a tunnel on any localtunnel server, with the options of Node's client. */
final class LocaltunnelCommand implements Callable<Integer> {
    /** Those of Node's client. {@code -h} is the server, so help has its long name only. */
    private static final Map<AgentOption, String> SHORT_NAMES = new EnumMap<>(Map.of(
            AgentOption.PORT, "-p",
            AgentOption.HOST, "-h",
            AgentOption.SUBDOMAIN, "-s",
            AgentOption.LOCAL_HOST, "-l"));

    /** A second for the last visitors, and some: nobody waits longer after Ctrl-C. */
    private static final long STOP_MILLIS = 2500;

    private final Surroundings surroundings;
    private @Nullable CommandSpec spec;

    private LocaltunnelCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    static CommandSpec spec(Surroundings surroundings) {
        LocaltunnelCommand command = new LocaltunnelCommand(surroundings);
        CommandSpec spec = CommandSpec.wrapWithoutInspection(command);
        Arrays.stream(AgentOption.values())
                .filter(AgentOption.OF_LOCALTUNNEL::contains)
                .forEach(option -> spec.addOption(option(option)));
        spec.addOption(OptionSpec.builder("--help")
                .usageHelp(true)
                .description("Show this help message and exit.")
                .build());
        spec.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Print version information and exit.")
                .build());
        spec.usageMessage()
                .description(
                        "Gives a local HTTP server a public name on a localtunnel server, until Ctrl-C.",
                        "Takes the place of Node's client, `lt`: for an edge with --localtunnel, and for",
                        "every other server.")
                .footer(
                        "",
                        "A server that does not answer is asked again until it does, and one that was",
                        "lost gives the same name again, where it still can.",
                        "",
                        "Examples:",
                        "  culvert lt -p 3000 -h https://tunnels.example.com",
                        "  culvert lt -p 5173 -h http://localhost:7080 -s shop -l localhost");
        command.spec = spec;
        return spec;
    }

    private static OptionSpec option(AgentOption option) {
        String help = option == AgentOption.JSON
                ? "Print one JSON object a line: online, reconnecting, offline, connection, target-refused, notice."
                : option.help;
        OptionSpec.Builder builder = TunnelCommand.option(option, help).toBuilder();
        String shortName = SHORT_NAMES.get(option);
        return shortName == null
                ? builder.build()
                : builder.names(shortName, "--" + option.key).build();
    }

    @Override
    public Integer call() throws InterruptedException {
        Choices choices = new Choices(
                TunnelCommand.flags(Objects.requireNonNull(spec).commandLine().getParseResult()),
                surroundings.settings(List.of()));
        AdmissionChoices.refuse(choices, "a localtunnel server lets everybody in; leave it out, or use culvert http");
        return run(options(choices), choices.isOn(AgentOption.JSON));
    }

    private static LocaltunnelOptions options(Choices choices) {
        Target target = choices.read(AgentOption.PORT, LocaltunnelCommand::target)
                .orElseThrow(() -> new ConfigException("name the port of the local server with -p"));
        URI server = choices.read(AgentOption.HOST, LocaltunnelOptions::parseServer)
                .orElse(LocaltunnelOptions.DEFAULT_SERVER);
        LocaltunnelOptions bare = new LocaltunnelOptions(server, null, target, null, Reconnect.DEFAULT);
        LocaltunnelOptions named =
                choices.read(AgentOption.SUBDOMAIN, bare::withSubdomain).orElse(bare);
        return choices.read(AgentOption.LOCAL_HOST, named::withLocalHost).orElse(named);
    }

    private static Target target(String port) {
        if (!port.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("must be a port, 1 to 65535, was " + port);
        }
        return Target.parse(port);
    }

    private int run(LocaltunnelOptions options, boolean json) throws InterruptedException {
        Output output = json
                ? new JsonOutput(surroundings.out())
                : new PlainOutput(surroundings.out(), surroundings.terminal(), false, "server");
        CountDownLatch ended = new CountDownLatch(1);
        Vertx vertx = SmallVertx.create();
        Tunnel tunnel = new Tunnel(options.target());
        LocaltunnelClient client = LocaltunnelClient.on(vertx, options, new Watcher(tunnel, output, ended));
        Runnable stop = () -> stop(client, vertx, output);
        try (Signals ignored = Signals.stop(stop)) {
            try {
                client.open().toCompletionStage().toCompletableFuture().get();
                ended.await();
            } finally {
                stop.run();
            }
            return AgentMain.FAILED;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof LocaltunnelException cause
                    ? new CommandFailedException(cause.getMessage() + advice(cause.code()))
                    : new IllegalStateException(e.getCause());
        }
    }

    private static String advice(LocaltunnelException.Code code) {
        return switch (code) {
            case NO_LOCALTUNNEL -> "; name a localtunnel server with -h";
            // They say what to do, or are tried again.
            case REFUSED, UNREACHABLE, LOOP, CLOSED -> "";
        };
    }

    private static void stop(LocaltunnelClient client, Vertx vertx, Output output) {
        try {
            client.close()
                    .eventually(vertx::close)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(STOP_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            output.notice("not everything was closed in time: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            output.close();
        }
    }

    /** The one tunnel. */
    private static final class Tunnel implements Output.Told {
        private final Target target;
        private volatile String name = "";

        Tunnel(Target target) {
            this.target = target;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public String target() {
            return target.url();
        }
    }

    private record Watcher(Tunnel tunnel, Output output, CountDownLatch ended) implements LocaltunnelListener {
        @Override
        public void onState(TunnelState state) {
            if (state instanceof TunnelState.Connected connected) {
                tunnel.name = connected.name();
            }
            output.state(tunnel, state);
            if (state instanceof TunnelState.Offline || state instanceof TunnelState.Closed) {
                ended.countDown();
            }
        }

        @Override
        public void onConnection(VisitorConnection connection) {
            output.connection(tunnel, connection);
        }

        @Override
        public void onTargetRefused(String sentence) {
            output.targetRefused(tunnel, sentence);
        }

        @Override
        public void onNotice(String sentence) {
            output.notice(sentence);
        }
    }
}
