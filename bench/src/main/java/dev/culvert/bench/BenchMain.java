package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * {@code bench/run}: a command for each kind of {@link Measurement}. What it measures is printed as tables, and written to
 * {@code bench/target}.
 */
@Command(
        name = "bench/run",
        mixinStandardHelpOptions = true,
        description = "Measures Culvert beside other programs on this machine. Figures are ratios within one run.",
        footer = "Without a command it is load.",
        subcommands = {
            LoadBench.class,
            FirstByteBench.class,
            BesideBench.class,
            PathBench.class,
            WebSocketBench.class,
            IdleBench.class,
            RegistryBench.class,
            StartBench.class,
            JmhBench.class,
            ProfileBench.class
        })
public final class BenchMain {
    private static final String DEFAULT = "load";
    private static final Set<String> HELP = Set.of("-h", "--help", "-V", "--version");

    /**
     * Runs it.
     *
     * @param arguments the checkout's folder, and what the user has said
     */
    public static void main(String[] arguments) {
        Path home = Path.of(arguments[0]);
        String[] said = Arrays.copyOfRange(arguments, 1, arguments.length);
        CommandLine line = new CommandLine(new BenchMain());
        boolean isNamed = said.length > 0
                && (HELP.contains(said[0]) || line.getSubcommands().containsKey(said[0]));
        System.exit(line.setExecutionStrategy(parsed -> run(parsed, home))
                .setExecutionExceptionHandler((failure, failed, parsed) -> {
                    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                    failed.getErr().println(cause instanceof BenchException ? cause.getMessage() : cause);
                    return 1;
                })
                .execute(
                        isNamed
                                ? said
                                : Stream.concat(Stream.of(DEFAULT), Arrays.stream(said))
                                        .toArray(String[]::new)));
    }

    private static int run(CommandLine.ParseResult parsed, Path home) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        CommandLine command = parsed.subcommand().commandSpec().commandLine();
        Measurement measurement = command.getCommand();
        try (Workplace place = Workplace.make(home)) {
            Machine machine = new Machine();
            String tables = measurement.measure(place) + "\n" + machine.describe();
            System.out.print(tables);
            Path target = Files.createDirectories(home.resolve("bench/target"));
            Files.writeString(target.resolve(command.getCommandName() + ".md"), tables);
            return 0;
        } catch (IOException | InterruptedException | RuntimeException e) {
            throw new CommandLine.ExecutionException(command, "", e);
        }
    }
}
