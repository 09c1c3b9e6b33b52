package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/**
 * HAProxy as it stands before several edges: bytes as they are, for visitors and for agents, to nodes that say on
 * {@code /readyz} that they take some. It tries nothing twice.
 *
 * @param httpPort where visitors come in
 * @param lanePort where agents come in
 */
record HaProxy(Program program, int httpPort, int lanePort) {
    /** A node that stops says so before it does; a check must come within that notice. */
    private static final String CONFIG = """
            global
                maxconn 2000
            defaults
                mode tcp
                log global
                retries 0
                timeout connect 5s
                timeout client 600s
                timeout server 600s
                timeout check 5s
                option httpchk GET /readyz
                http-check send hdr Host 127.0.0.1
                default-server check inter 200ms fall 1 rise 1
            listen visitors
                bind 127.0.0.1:%d
                balance roundrobin
            %s
            listen lanes
                bind 127.0.0.1:%d
                balance leastconn
            %s
            """;

    /** Before all places of a cluster, those that are empty too. */
    static HaProxy before(Stage stage, RunningCluster cluster) throws IOException {
        List<RunningCluster.Place> places = cluster.places();
        int http = Stage.freePort();
        int lane = Stage.freePort();
        String visitors = IntStream.range(0, places.size())
                .mapToObj(i -> server(i, places.get(i).http(), places.get(i)))
                .collect(Collectors.joining("\n"));
        String lanes = IntStream.range(0, places.size())
                .mapToObj(i -> server(i, places.get(i).lane(), places.get(i)))
                .collect(Collectors.joining("\n"));
        Path config =
                Files.writeString(stage.folder().resolve("haproxy.cfg"), CONFIG.formatted(http, visitors, lane, lanes));
        Program program =
                stage.program("haproxy", List.of(Program.installed("haproxy"), "-W", "-db", "-f", config.toString()));
        program.err().await("Loading success");
        HaProxy haproxy = new HaProxy(program, http, lane);
        for (int place = 0; place < places.size(); place++) {
            haproxy.await(place, cluster.isRunning(place));
        }
        return haproxy;
    }

    /** What {@code --edge} takes. */
    String lanes() {
        return "127.0.0.1:" + lanePort;
    }

    /** Waits until it has heard from the node of a place that it takes visitors and agents, or that it does not. */
    void await(int place, boolean up) {
        for (String who : List.of("visitors", "lanes")) {
            String server = "Server %s/node-%d is ".formatted(who, place);
            Awaitility.await("%s%s".formatted(server, up ? "UP" : "DOWN"))
                    .atMost(Stage.PATIENCE)
                    .until(() -> isUp(server) == up);
        }
    }

    /** By what it said last; before it has said anything it takes everybody for up. */
    private boolean isUp(String server) {
        return program.err().lines().stream()
                .filter(line -> line.contains(server))
                .reduce("UP", (before, after) -> after)
                .contains("UP");
    }

    private static String server(int place, int port, RunningCluster.Place ports) {
        return "    server node-%d 127.0.0.1:%d port %d".formatted(place, port, ports.admin());
    }
}
