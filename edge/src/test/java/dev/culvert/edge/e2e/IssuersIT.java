package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Agents that show tokens of a real OpenID provider. */
class IssuersIT {
    @RegisterExtension
    final Stage stage = new Stage();

    private OidcProvider provider;
    private Path issuers;
    private int target;

    @BeforeEach
    void start() throws Exception {
        Path site = stage.folder("site");
        Files.writeString(site.resolve("hello"), "hello\n");
        target = Nginx.serving(stage, site).port();
        provider = OidcProvider.start(stage);
        issuers = stage.folder().resolve("issuers.yaml");
        allow("shop-ci");
    }

    @Test
    void commandThatFetchesATokenGivesTheTunnelAnOwnerUntilItsRuleIsGone() throws Exception {
        RunningEdge edge = stage.edge("--issuers", issuers.toString());
        String command = provider.command(OidcProvider.SECRET);

        RunningAgent agent = stage.agent(edge, target, "--token-command", command, "--name", "shop-ci-1");

        assertEquals("shop-ci-1", agent.awaitName());
        assertEquals("hello\n", edge.get("shop-ci-1", "/hello").body());
        assertRefused(
                stage.agent(edge, target, "--token-command", command, "--name", "office"),
                "your token or key does not allow the name 'office'");
        assertRefused(
                stage.agent(edge, target, "--token-command", provider.command("wrong")),
                "no token: its command ended with exit code 22: curl: (22) The requested URL returned error: 401");
        assertRefused(stage.agent(edge, target), "this edge asks for a token of an issuer that it knows");

        allow("another");

        assertTrue(agent.await("reconnecting").getString("reason").contains("the token or key was withdrawn"));
        assertRefused(stage.agent(edge, target, "--token-command", command), "this edge has no rule for its claims");
    }

    @Test
    void agentWaitsForAProviderThatIsAwayAtTheStartOfItsEdge() throws Exception {
        Program fetch = stage.program("token", List.of("/bin/sh", "-c", provider.command(OidcProvider.SECRET)));
        Path token = Files.writeString(
                stage.folder().resolve("token"), fetch.out().awaitEnd().get(0) + "\n");
        provider.program().kill();
        RunningEdge edge = stage.edge("--issuers", issuers.toString());

        RunningAgent agent = stage.agent(edge, target, "--token-file", token.toString(), "--name", "shop-ci-1");

        assertTrue(agent.await("notice").getString("message").contains("cannot tell yet who this agent is"));
        provider.again(stage);
        assertEquals("shop-ci-1", agent.awaitName());
        assertEquals("hello\n", edge.get("shop-ci-1", "/hello").body());
    }

    private void allow(String client) throws Exception {
        Files.writeString(issuers, """
                issuers:
                  - issuer: %s
                    audience: tunnel.example.com
                    ca: %s
                    agents:
                      - claims: {client_id: %s}
                        owner: "{client_id}"
                        names: ["{client_id}-*"]
                """.formatted(provider.issuer(), provider.ca(), client));
    }

    private static void assertRefused(RunningAgent agent, String words) {
        assertEquals(1, agent.program().exitCode());
        String said = String.join("\n", agent.program().err().lines());
        assertTrue(said.contains(words), said);
    }
}
