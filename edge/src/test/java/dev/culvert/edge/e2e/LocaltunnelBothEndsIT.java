package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code culvert lt} at our edges. */
class LocaltunnelBothEndsIT {
    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void moreVisitorsAtOnceThanThereAreConnectionsGetTheirOwnAnswersOnce() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        CountingTarget target = stage.keep(CountingTarget.start());
        client(edge, target.port(), "-s", "my-app").awaitOnline();

        LocaltunnelIT.assertEachGetsItsOwnOnce(edge, "my-app", target);
    }

    @Test
    void restartedEdgeGivesTheSameName() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        PythonServer target = PythonServer.target(stage);
        RunningAgent client = client(edge, target.port());
        String name = client.awaitName();
        assertEquals("hello\n", edge.get(name, "/hello").body());

        edge.program().kill();
        client.await("reconnecting");
        RunningEdge again = edge.again(stage, "--localtunnel");

        assertEquals(name, client.awaitName());
        assertEquals("hello\n", again.get(name, "/hello").body());
    }

    @Test
    void everyRequestFindsTheLocalHostInHost() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        PythonServer target = PythonServer.target(stage);
        client(edge, target.port(), "-s", "my-app", "-l", "127.0.0.1").awaitOnline();

        try (Visitor visitor = edge.visitor()) {
            for (int i = 0; i < 3; i++) {
                String seen = visitor.get(edge.host("my-app"), "/seen").answer().body();
                assertEquals(
                        List.of("host: 127.0.0.1"),
                        seen.lines()
                                .map(line -> line.toLowerCase(Locale.ROOT))
                                .filter(line -> line.startsWith("host:"))
                                .toList());
            }
        }
    }

    @Test
    void visitorOfATargetThatIsDownIsToldSo() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        int nobody = Stage.freePort();
        client(edge, nobody, "-s", "my-app").awaitOnline();

        Answer answer = edge.get("my-app", "/");

        assertEquals(502, answer.status(), answer::toString);
        assertEquals(
                "The tunnel is there, but nothing answers on 127.0.0.1:%d (connection refused).\n".formatted(nobody),
                answer.body());
    }

    private RunningAgent client(RunningEdge edge, int target, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("lt", "-p", "" + target, "-h", "http://localhost:" + edge.httpPort(), "--json"));
        arguments.addAll(List.of(more));
        return new RunningAgent(stage.culvert("home", Map.of(), arguments.toArray(String[]::new)));
    }
}
