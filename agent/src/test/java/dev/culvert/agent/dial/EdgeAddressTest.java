package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.AgentOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EdgeAddressTest {

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:7070, TCP, 127.0.0.1:7070",
        "[::1]:7070, TCP, [::1]:7070",
        "tls://edge.example.com, TLS, tls://edge.example.com:443",
        "tls://edge.example.com:7443, TLS, tls://edge.example.com:7443",
        "http://edge.example.com, WS, http://edge.example.com:80",
        "https://edge.example.com/, WSS, https://edge.example.com:443",
        "edge.example.com, WSS, https://edge.example.com:443",
        "[2001:db8::1], WSS, https://[2001:db8::1]:443",
    })
    void formsOfAnEdge(String text, EdgeAddress.Transport transport, String written) {
        EdgeAddress address = EdgeAddress.parse(text);

        assertEquals(transport, address.transport());
        assertEquals(written, address.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "edge:", "ws://edge", "edge:7070:1", "https://edge/lane", "tls://"})
    void whatIsNoEdgeIsRefusedInOneSentence(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> EdgeAddress.parse(text))
                .getMessage();

        assertTrue(message.startsWith("\"" + text + "\" is not an edge ("), message);
    }

    @Test
    void plainConnectionLeavesThisMachineOnlyWhenTold() {
        EdgeAddress remote = EdgeAddress.parse("edge.example.com:7070");

        String message = assertThrows(IllegalArgumentException.class, () -> AgentOptions.DEFAULT.withEdge(remote))
                .getMessage();

        assertTrue(message.contains("--insecure"), message);
        assertEquals(remote, AgentOptions.DEFAULT.withInsecureEdge(remote).edge());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"tls://edge.example.com", "http://localhost", "https://edge.example.com", "edge.example.com"})
    void encryptedConnectionsAndThoseToThisMachineNeedNoLeave(String text) {
        assertEquals(EdgeAddress.parse(text), AgentOptions.of(text).edge());
    }

    @Test
    void plainWebSocketNeedsItToo() {
        assertThrows(IllegalArgumentException.class, () -> AgentOptions.of("http://edge.example.com"));
    }
}
