package dev.culvert.edge.e2e;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code culvert edge}, ready.
 *
 * @param httpPort where visitors come in
 * @param lanePort where agents come in
 * @param adminPort where its operator asks
 */
record RunningEdge(Program program, String domain, int httpPort, int lanePort, int adminPort) {
    static RunningEdge start(Stage stage, String... more) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"));
        arguments.addAll(List.of(more));
        return started(stage, arguments);
    }

    /** Starts it again on the same ports, after it has ended. */
    RunningEdge again(Stage stage, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "edge",
                "--http-port",
                Integer.toString(httpPort),
                "--lane-port",
                Integer.toString(lanePort),
                "--admin-port",
                Integer.toString(adminPort)));
        arguments.addAll(List.of(more));
        return started(stage, arguments);
    }

    private static RunningEdge started(Stage stage, List<String> arguments) throws IOException {
        int domain = arguments.indexOf("--domain");
        return of(
                stage.culvert("edge", Map.of(), arguments.toArray(String[]::new)),
                domain < 0 ? "localhost" : arguments.get(domain + 1));
    }

    /** An edge that was started by other means, once it is ready. */
    static RunningEdge of(Program program, String domain) {
        int http = port(program, "visitors");
        int lane = port(program, "agents");
        int admin = port(program, "admin");
        return new RunningEdge(program, domain, http, lane, admin);
    }

    private static int port(Program program, String what) {
        return Integer.parseInt(
                program.out().await("(?i)" + what + "\\D.*?:(\\d+)").group(1));
    }

    /** What a visitor of the tunnel writes into Host. */
    String host(String name) {
        return "%s.%s:%d".formatted(name, domain, httpPort);
    }

    /** What {@code --edge} takes. */
    String address() {
        return "127.0.0.1:" + lanePort;
    }

    /** One visitor's GET. */
    Answer get(String name, String path) throws IOException {
        return Visitor.get(httpPort, host(name), path);
    }

    /** A visitor connection. */
    Visitor visitor() throws IOException {
        return Visitor.to(httpPort);
    }

    /** All tunnels, as the admin API lists them. */
    JsonArray tunnels() throws IOException {
        return new JsonArray(Visitor.get(adminPort, "127.0.0.1:" + adminPort, "/api/v1/tunnels")
                .body());
    }

    /** One of them. */
    JsonObject tunnel(String name) throws IOException {
        return new JsonObject(Visitor.get(adminPort, "127.0.0.1:" + adminPort, "/api/v1/tunnels/" + name)
                .body());
    }

    /** Whether it says that it takes visitors. */
    boolean isReady() throws IOException {
        return Visitor.get(adminPort, "127.0.0.1:" + adminPort, "/readyz").status() == 200;
    }

    /** How many requests its own visitors have made, to all tunnels together. */
    long requests() throws IOException {
        return tunnels().stream()
                .mapToLong(tunnel -> ((JsonObject) tunnel).getLong("requests"))
                .sum();
    }

    /** The ids of the lanes that carry a tunnel. */
    List<String> lanesOf(String name) throws IOException {
        return holdersOf(name, "lane");
    }

    /** The ids of the agents that carry a tunnel. */
    List<String> instancesOf(String name) throws IOException {
        return holdersOf(name, "instance");
    }

    /** The ids of the nodes that hold a tunnel. */
    List<String> nodesOf(String name) throws IOException {
        return holdersOf(name, "node");
    }

    /** Its id since this start, as in claims. */
    String nodeId() {
        return program.err().lines().stream()
                .map(Pattern.compile("\\bnode=(\\S+)")::matcher)
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst()
                .orElseThrow(() -> new AssertionError("it never said its id" + program.said()));
    }

    private List<String> holdersOf(String name, String field) throws IOException {
        return tunnels().stream()
                .map(JsonObject.class::cast)
                .filter(tunnel -> tunnel.getString("name").equals(name))
                .flatMap(tunnel -> tunnel.getJsonArray("holders").stream())
                .map(holder -> ((JsonObject) holder).getString(field))
                .sorted()
                .distinct()
                .toList();
    }
}
