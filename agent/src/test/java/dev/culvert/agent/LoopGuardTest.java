package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.agent.target.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoopGuardTest {

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:7070, 7070, true",
        "127.0.0.1:7070, localhost:7070, true",
        "127.0.0.1:7070, [::1]:7070, true",
        "127.0.0.1:7070, 0.0.0.0:7070, true",
        "127.0.0.1:7070, 7071, false",
        "127.0.0.1:7070, app.internal:7070, false",
        "edge.internal:7070, edge.internal:7070, true",
        "edge.internal:7070, 7070, false",
        "127.0.0.1:7070, unix:/run/app.sock, false",
    })
    void portThatTakesAgentsIsNoTarget(String edge, String target, boolean refused) {
        assertEquals(refused, guard(edge, target).refusal().isPresent());
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:7070, 7080, http://a.localhost:7080, true",
        "127.0.0.1:7070, localhost:7080, http://a.localhost:7080, true",
        "127.0.0.1:7070, 3000, http://a.localhost:7080, false",
        "edge.internal:7070, 7080, http://a.edge.internal:7080, false",
        "edge.internal:7070, edge.internal:7080, http://a.edge.internal:7080, true",
        "edge.internal:7070, https://a.example.com, https://a.example.com, true",
        "edge.internal:7070, https://b.example.com, https://a.example.com, false",
        "127.0.0.1:7070, 443, https://a.example.com, true",
        "127.0.0.1:7070, unix:/run/app.sock, http://a.localhost:7080, false",
        "127.0.0.1:7070, 2222, tcp://localhost:2222, true",
        "127.0.0.1:7070, 22, tcp://localhost:2222, false",
        "edge.internal:7070, edge.internal:2222, tcp://edge.internal:2222, true",
        "127.0.0.1:7070, 7443, https://a.localhost:7443, true",
        "127.0.0.1:7070, 7080, what is this, false",
    })
    void portOfTheVisitorsIsNoTarget(String edge, String target, String url, boolean refused) {
        assertEquals(refused, guard(edge, target).refusal(url).isPresent());
    }

    private static LoopGuard guard(String edge, String target) {
        return new LoopGuard(EdgeAddress.parse(edge), Target.parse(target));
    }
}
