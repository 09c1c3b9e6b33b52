package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.tls.TlsProfile;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The edge's command line. Errors are one sentence on standard error; the exit codes are 0, 1 and 2. */
public final class EdgeMain {
    private static final int WRONG_USAGE = 2;
    private static final int FAILED = 1;

    private EdgeMain() {}

    public static void main(String[] args) {
        TlsProfile.applyToProcess();
        widenCommonPool();
        System.exit(commandLine(System.getenv()).execute(args));
    }

    /**
     * Hazelcast hands on what has arrived through the common pool, and where that has a single thread, on machines of two
     * cores, through a new thread each time: several for each name that is bound, which makes a thousand binds slow.
     */
    private static void widenCommonPool() {
        String parallelism = "java.util.concurrent.ForkJoinPool.common.parallelism";
        if (System.getProperty(parallelism) == null && Runtime.getRuntime().availableProcessors() < 3) {
            System.setProperty(parallelism, "2");
        }
    }

    static CommandLine commandLine(Map<String, String> environment) {
        CommandLine culvert = new CommandLine(new Culvert());
        culvert.addSubcommand("edge", EdgeCommand.spec(environment));
        culvert.addSubcommand("demo", new DemoCommand(environment));
        culvert.addSubcommand("token", new TokenCommand());
        culvert.setParameterExceptionHandler((mistake, args) -> usage(mistake));
        culvert.setExecutionExceptionHandler((fault, command, result) -> failure(fault, command));
        culvert.setUsageHelpAutoWidth(true);
        setVersion(
                culvert,
                "culvert "
                        + Objects.requireNonNullElse(EdgeMain.class.getPackage().getImplementationVersion(), "dev"));
        return culvert;
    }

    /** One version for all of its commands. */
    private static void setVersion(CommandLine command, String version) {
        command.getCommandSpec().version(version);
        command.getSubcommands().values().forEach(sub -> setVersion(sub, version));
    }

    private static int usage(ParameterException mistake) {
        CommandLine command = mistake.getCommandLine();
        // All that stands behind an unknown option is unknown too, and may be a secret.
        String wrong = mistake instanceof UnmatchedArgumentException unmatched && unmatched.isUnknownOption()
                ? "Unknown option: '%s'"
                        .formatted(unmatched.getUnmatched().get(0).replaceFirst("=.*", ""))
                : sentence(mistake);
        return say(
                command,
                WRONG_USAGE,
                "%s (`%s --help` lists the options)"
                        .formatted(wrong, command.getCommandSpec().qualifiedName()));
    }

    private static int failure(Throwable fault, CommandLine command) {
        return say(command, fault instanceof ConfigException ? WRONG_USAGE : FAILED, sentence(fault));
    }

    private static int say(CommandLine command, int exitCode, String sentence) {
        PrintWriter err = command.getErr();
        err.println("culvert: " + sentence);
        err.flush();
        return exitCode;
    }

    private static String sentence(Throwable fault) {
        @Nullable String message = fault.getMessage();
        return message == null
                ? "failed: " + fault
                : message.lines().findFirst().orElse("failed");
    }

    /** The command above the commands. */
    @Command(
            name = "culvert",
            mixinStandardHelpOptions = true,
            description = "Gives a server on a laptop a public name, on a cluster of your own.")
    static final class Culvert implements Runnable {
        @CommandLine.Spec
        private @Nullable CommandSpec spec;

        @Override
        public void run() {
            if (spec != null) {
                throw new ParameterException(spec.commandLine(), "name a command: edge, demo or token");
            }
        }
    }
}
