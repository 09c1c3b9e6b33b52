package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.config.Settings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentAccessTest {
    @Test
    void edgeOfThisMachineIsSignedForByEachOfItsNames() {
        assertEquals(List.of("tunnel.localhost", "localhost", "127.0.0.1", "::1"), hosts(Map.of()));
    }

    /** What was signed for another edge, of the signer's own machine, does not count here. */
    @ParameterizedTest
    @CsvSource({"bind, 0.0.0.0", "trusted-proxies, 127.0.0.1"})
    void edgeThatOthersReachIsSignedForByItsDomainAlone(String option, String value) {
        assertEquals(List.of("tunnel.localhost"), hosts(Map.of(option, value, "lane-port", "off")));
    }

    @Test
    void edgeWithAPublicUrlIsSignedForByItsDomainAlone() {
        assertEquals(
                List.of("example.com"),
                hosts(Map.of("domain", "example.com", "public-url", "https://example.com", "lane-port", "off")));
    }

    private static List<String> hosts(Map<String, String> more) {
        Map<String, String> flags = new HashMap<>(Map.of("domain", "tunnel.localhost", "agent-keys", "k"));
        flags.putAll(more);
        return AgentAccess.hosts(new EdgeSettings(flags, new Settings(Map.of(), List.of())).read());
    }
}
