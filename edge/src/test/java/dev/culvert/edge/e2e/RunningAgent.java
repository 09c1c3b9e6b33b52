package dev.culvert.edge.e2e;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code culvert http} with {@code --json}. */
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
