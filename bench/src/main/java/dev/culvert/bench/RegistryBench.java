package dev.culvert.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A cluster's registry with very many names. */
@Command(
        name = "registry",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Two nodes' registry with very many names, all claimed by the one that dies in the end.")
final class RegistryBench implements Measurement {
    private static final Pattern FIGURE = Pattern.compile("(?m)^figure ([^:]*): (.*)$");

    /** For a million names, on a machine that does nothing else. */
    private static final Duration PATIENCE = Duration.ofMinutes(6);

    @Option(names = "--names", paramLabel = "N", description = "Names. Default: ${DEFAULT-VALUE}")
    private int names = 1_000_000;

    @Option(names = "--heap", paramLabel = "SIZE", description = "Heap of each node. Default: ${DEFAULT-VALUE}")
    private String heap = "4g";

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        int first = Ports.free();
        int second = Ports.free();
        StringBuilder table = new StringBuilder("| %,d names | |%n| --- | ---: |%n".formatted(names));
        try (Child survivor = node(place, "survivor", first, first);
                Child holder = holder(place, survivor, second, first)) {
            holder.await("bound", PATIENCE);
            // It measures by itself, and says when it wants to be alone.
            survivor.await("ready for the death", PATIENCE);
            holder.kill();
            String said = survivor.await("(?s).*done", PATIENCE).group();
            for (MatchResult figure : FIGURE.matcher(said).results().toList()) {
                table.append("| %s | %s |%n".formatted(figure.group(1), figure.group(2)));
            }
        }
        return table.toString();
    }

    private Child holder(Workplace place, Child survivor, int port, int join) throws IOException, InterruptedException {
        survivor.await("joined");
        return node(place, "holder", port, join);
    }

    /** One JVM, with the edge's flags and more heap. */
    private Child node(Workplace place, String role, int port, int join) throws IOException {
        return Child.start(
                role,
                place.folder(),
                Map.of(),
                Stream.of(
                                List.of(
                                        System.getProperty("java.home") + "/bin/java",
                                        "-XX:+UseSerialGC",
                                        "-Xmx" + heap),
                                List.of("--add-exports", "java.base/jdk.internal.ref=ALL-UNNAMED"),
                                List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"),
                                List.of("--add-opens", "java.base/sun.nio.ch=ALL-UNNAMED"),
                                List.of(
                                        "-cp",
                                        place.home().resolve("bench/target/culvert-bench.jar") + ":"
                                                + place.home().resolve("edge/target/culvert-edge.jar")),
                                List.of(RegistryNode.class.getName(), role, "" + port, "" + join, "" + names))
                        .flatMap(List::stream)
                        .toList());
    }
}
