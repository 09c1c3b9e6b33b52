package dev.culvert.agent.cli;

import dev.culvert.agent.Software;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Settings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The agent's command line. Errors are one sentence on standard error that says what to do; the exit codes are 0 (done),
 * 1 (failed) and 2 (wrong usage, in flags, variables or files).
 */
public final class AgentMain {
    static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;
    private static final List<String> LOG_LEVELS = List.of("error", "warn", "info", "debug", "trace");

    private AgentMain() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    private static int run(String... args) {
        try {
            return run(Surroundings.ofProcess(), args);
        } catch (ConfigException e) {
            System.err.println("culvert: " + sentence(e));
            return WRONG_USAGE;
        }
    }

    static int run(Surroundings surroundings, String... args) {
        try {
            log(new Settings(surroundings.environment(), List.of())
                    .find("log-level")
                    .orElse("warn"));
            return commandLine(surroundings).execute(args);
        } catch (ConfigException e) {
            return say(surroundings, WRONG_USAGE, sentence(e));
        }
    }

    private static CommandLine commandLine(Surroundings surroundings) {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(new Culvert(surroundings))
                .name("culvert")
                .mixinStandardHelpOptions(true);
        spec.usageMessage()
                .synopsisSubcommandLabel("COMMAND")
                .description("Gives a server on a laptop a public name, on a cluster of your own.")
                .commandListHeading("%nBeside your server:%n")
                .footer(
                        "",
                        "Where visitors arrive:",
                        "  edge    Run an edge: it takes visitors in and carries them to the agents.",
                        "  token   Make, list and withdraw the tokens of agents.",
                        "",
                        "To look around:",
                        "  demo    Two edges, an agent and a sample site on this machine.",
                        "",
                        "`culvert COMMAND --help` says more about each.");
        CommandLine culvert = new CommandLine(spec);
        culvert.addSubcommand("http", TunnelCommand.http(surroundings));
        culvert.addSubcommand("http2", TunnelCommand.http2(surroundings));
        culvert.addSubcommand("tcp", TunnelCommand.tcp(surroundings));
        culvert.addSubcommand("tls", TunnelCommand.tls(surroundings));
        culvert.addSubcommand("start", TunnelCommand.start(surroundings));
        culvert.addSubcommand("lt", LocaltunnelCommand.spec(surroundings));
        culvert.addSubcommand("login", LoginCommand.login(surroundings));
        culvert.addSubcommand("logout", LoginCommand.logout(surroundings));
        culvert.addSubcommand("status", StatusCommand.spec(surroundings));
        culvert.addSubcommand("help", CommandSpec.forAnnotatedObject(new CommandLine.HelpCommand()));
        String version = "culvert " + Software.VERSION;
        spec.version(version);
        culvert.getSubcommands().values().forEach(command -> command.getCommandSpec()
                .version(version));
        culvert.setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8));
        culvert.setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8));
        culvert.setColorScheme(CommandLine.Help.defaultColorScheme(surroundings.terminal() ? Ansi.ON : Ansi.OFF));
        culvert.setUsageHelpAutoWidth(true);
        culvert.setParameterExceptionHandler(
                (mistake, args) -> say(surroundings, WRONG_USAGE, WrongUsage.sentence(mistake)));
        culvert.setExecutionExceptionHandler((fault, command, parsed) ->
                say(surroundings, isWrongUsage(fault) ? WRONG_USAGE : FAILED, sentence(fault)));
        return culvert;
    }

    private static boolean isWrongUsage(Throwable fault) {
        return fault instanceof ConfigException || fault instanceof IllegalArgumentException;
    }

    private static int say(Surroundings surroundings, int exitCode, String sentence) {
        surroundings.err().println("culvert: " + PlainOutput.printable(sentence));
        return exitCode;
    }

    private static String sentence(Throwable fault) {
        @Nullable String message = fault.getMessage();
        return message == null
                ? "failed: " + fault
                : message.lines().findFirst().orElse("failed: " + fault);
    }

    /** To standard error, and before the first logger is made; as properties, so that embedders get none of it. */
    private static void log(String level) {
        if (!LOG_LEVELS.contains(level)) {
            throw new ConfigException("the variable CULVERT_LOG_LEVEL must be one of %s, was %s"
                    .formatted(String.join(", ", LOG_LEVELS), level));
        }
        String prefix = "org.slf4j.simpleLogger.";
        System.getProperties().putIfAbsent(prefix + "defaultLogLevel", level);
        System.getProperties().putIfAbsent(prefix + "showDateTime", "true");
        System.getProperties().putIfAbsent(prefix + "dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
        System.getProperties().putIfAbsent(prefix + "showThreadName", "false");
        System.getProperties().putIfAbsent(prefix + "showShortLogName", "true");
        // It says of each visitor who leaves in the midst of a folder's file that the connection is broken.
        System.getProperties().putIfAbsent(prefix + "log.io.vertx.core.net.impl.VertxConnection", "off");
    }

    /** The command above the commands: without one of them, it explains itself. */
    private record Culvert(Surroundings surroundings) implements Callable<Integer> {
        @Override
        public Integer call() {
            return say(
                    surroundings,
                    WRONG_USAGE,
                    "name a command: http, http2, tcp, tls, start, lt, login, status; `culvert --help` lists all");
        }
    }
}
