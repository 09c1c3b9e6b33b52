package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Single methods, measured by JMH in processes of their own. */
@Command(
        name = "jmh",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "The codec, the windows and the registry's look-up, method by method.")
final class JmhBench implements Measurement {
    private static final int SCORE = 4;
    private static final int ERROR = 5;
    private static final int FIRST_PARAMETER = 7;

    @Parameters(arity = "0..1", paramLabel = "REGEX", description = "Only the methods in whose name it is found.")
    private String methods = ".*";

    @Option(names = "--forks", paramLabel = "N", description = "Processes for each. Default: ${DEFAULT-VALUE}")
    private int forks = 2;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds in each process. Default: ${DEFAULT-VALUE}")
    private int rounds = 5;

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        Path result = place.folder().resolve("jmh.csv");
        // The edge's jar has what is measured, and all that it needs.
        String classPath = place.home().resolve("bench/target/culvert-bench.jar") + ":"
                + place.home().resolve("edge/target/culvert-edge.jar");
        Program.run(List.of(
                "java",
                "-cp",
                classPath,
                "org.openjdk.jmh.Main",
                "-f",
                "" + forks,
                "-wi",
                "3",
                "-i",
                "" + rounds,
                "-w",
                "1s",
                "-r",
                "1s",
                "-rf",
                "csv",
                "-rff",
                result.toString(),
                methods));
        return table(Files.readAllLines(result));
    }

    private static String table(List<String> lines) {
        StringBuilder table = new StringBuilder("| method | ns | ± |\n| --- | ---: | ---: |\n");
        for (String line : lines.subList(1, lines.size())) {
            List<String> cells = cells(line);
            String name = cells.get(0).replaceAll(".*\\.(\\w+)Benchmark\\.(\\w+)", "$1 $2");
            // A column for each parameter that any of them has.
            String parameters = cells.stream()
                    .skip(FIRST_PARAMETER)
                    .filter(cell -> !cell.isEmpty())
                    .collect(Collectors.joining(" "));
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f |\n",
                    (name + " " + parameters).strip(),
                    Double.parseDouble(cells.get(SCORE)),
                    Double.parseDouble(cells.get(ERROR))));
        }
        return table.toString();
    }

    /** The cells of a line of JMH's, which has commas between them and none in them. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        for (String cell : line.split(",", -1)) {
            cells.add(cell.replace("\"", ""));
        }
        return cells;
    }
}
