package dev.culvert.edge.e2e;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** {@code culvert http}, or {@code culvert start}, with {@code --json}. */
record RunningAgent(Program program) {
    static RunningAgent start(
            Stage stage, String home, Map<String, String> environment, RunningEdge edge, String target, String... more)
            throws IOException {
        return start(stage, home, environment, edge.address(), target, more);
    }

    /** The same through a balancer. */
    static RunningAgent start(
            Stage stage, String home, Map<String, String> environment, String edge, String target, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("http", target, "--edge", edge, "--json"));
        arguments.addAll(List.of(more));
        return new RunningAgent(stage.culvert(home, environment, arguments.toArray(String[]::new)));
    }

    /** {@code culvert tls}, or {@code tcp}. */
    static RunningAgent ofKind(String kind, Stage stage, RunningEdge edge, int target, String... more)
            throws IOException {
        return ofKind(kind, stage, edge, Integer.toString(target), more);
    }

    /** The same, or {@code culvert http2}, with a target that is no port. */
    static RunningAgent ofKind(String kind, Stage stage, RunningEdge edge, String target, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(kind, target, "--edge", edge.address(), "--json"));
        arguments.addAll(List.of(more));
        return new RunningAgent(stage.culvert("home", Map.of(), arguments.toArray(String[]::new)));
    }

    /** {@code culvert start} with a file of many tunnels to one target, all of them online. */
    static RunningAgent ofMany(Stage stage, String home, String edge, int target, List<String> names)
            throws IOException {
        String file = names.stream()
                .map(name -> "  %1$s: {target: %2$d, name: %1$s}\n".formatted(name, target))
                .collect(Collectors.joining("", "edge: %s\njson: true\ntunnels:\n".formatted(edge), ""));
        Path config = Files.writeString(stage.folder(home).resolve(names.get(0) + ".yaml"), file);
        RunningAgent agent = new RunningAgent(stage.culvert(home, Map.of(), "start", "--config", config.toString()));
        names.forEach(name -> agent.awaitOnline());
        return agent;
    }

    /** Waits until its tunnel is online; {@code name} and {@code url} tell where. */
    JsonObject awaitOnline() {
        return await("online");
    }

    /** The name under which it is online. */
    String awaitName() {
        return awaitOnline().getString("name");
    }

    /** Waits for the next line of an event. */
    JsonObject await(String event) {
        return new JsonObject(
                program.out().await("the event " + event, line -> event.equals(eventOf(line)), Stage.PATIENCE));
    }

    /** Every line on standard output is an object. */
    private static String eventOf(String line) {
        return new JsonObject(line).getString("event");
    }
}
