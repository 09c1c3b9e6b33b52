package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Settings;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a started edge prints; each line is one that people copy. */
class GreetingTest {
    private final Vertx vertx = Vertx.vertx();

    @TempDir
    Path folder;

    private Edge edge;

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    private String greeting(Map<String, String> more) throws Exception {
        Map<String, String> flags = new HashMap<>(Map.of("http-port", "0", "lane-port", "0", "admin-port", "off"));
        flags.putAll(more);
        EdgeOptions options = new EdgeSettings(flags, new Settings(Map.of(), List.of())).read();
        edge = Edge.start(vertx, options).await(30, TimeUnit.SECONDS);
        StringWriter out = new StringWriter();
        new Greeting(edge, options).print(new PrintWriter(out));
        edge.close().await(30, TimeUnit.SECONDS);
        return out.toString();
    }

    @Test
    void edgeOfThisMachineTellsWhereItIsAndTheCommandThatFindsIt() throws Exception {
        String text = greeting(Map.of());

        String lane = "127.0.0.1:" + edge.ports().lane();
        assertTrue(
                text.contains("  visitors  http://*.localhost:%d\n"
                        .formatted(edge.ports().http())),
                text);
        assertTrue(text.contains("  agents    %s, anybody on this machine\n".formatted(lane)), text);
        assertTrue(text.contains("\n  culvert http 3000 --name my-app --edge %s\n".formatted(lane)), text);
        assertFalse(text.contains("admin"), text);
        assertFalse(text.contains("localtunnel"), text);
    }

    @Test
    void commandForOtherMachinesSaysWhatItTakes() throws Exception {
        Path tokens = Files.createFile(folder.resolve("tokens.txt"));

        String text = greeting(Map.of("bind", "0.0.0.0", "insecure", "true", "tokens", tokens.toString()));

        assertTrue(text.contains("with a token of " + tokens), text);
        assertTrue(
                text.contains("\n  culvert http 3000 --name my-app --edge ADDRESS:%d --insecure --token TOKEN\n"
                        .formatted(edge.ports().lane())),
                text);
    }

    @Test
    void whoseTokensCountIsSaid() throws Exception {
        Path issuers = Files.writeString(folder.resolve("issuers.yaml"), """
                issuers:
                  - issuer: https://id.example.com
                    audience: tunnel.example.com
                    agents: [{claims: {groups: developers}, owner: ann, names: "*"}]
                """);

        String text = greeting(Map.of("issuers", issuers.toString()));

        assertTrue(text.contains("with a token of an issuer in " + issuers), text);
    }

    @Test
    void whoseKeysCountIsSaid() throws Exception {
        Path keys = Files.createFile(folder.resolve("keys"));
        Path tokens = Files.createFile(folder.resolve("tokens.txt"));

        String both = greeting(Map.of("agent-keys", keys.toString(), "tokens", tokens.toString()));
        assertTrue(both.contains("with a token of %s, or with an SSH key of %s\n".formatted(tokens, keys)), both);

        String text = greeting(Map.of("agent-keys", keys.toString()));
        assertTrue(text.contains(", with an SSH key of %s\n".formatted(keys)), text);
        assertTrue(
                text.contains("\n  culvert http 3000 --name my-app --edge 127.0.0.1:%d --ssh-key FILE\n"
                        .formatted(edge.ports().lane())),
                text);
    }

    @Test
    void edgeWithoutALanePortSendsAgentsToTheWebPort() throws Exception {
        String text = greeting(Map.of("lane-port", "off"));

        String url = "http://localhost:" + edge.ports().http();
        assertTrue(text.contains("  agents    %s, anybody on this machine\n".formatted(url)), text);
        assertTrue(text.contains("\n  culvert login %s\n  culvert http 3000 --name my-app\n".formatted(url)), text);
    }

    @Test
    void clientsOfLocaltunnelAreToldTheirCommand() throws Exception {
        String text = greeting(Map.of("localtunnel", "true"));

        String url = "http://localhost:" + edge.ports().http();
        assertTrue(
                text.contains("\n            of localtunnel's kind: lt --host %s --port 3000\n".formatted(url)), text);
    }

    @Test
    void sshClientsAreToldTheirCommandAndThatTheHostKeyWillChange() throws Exception {
        String text = greeting(Map.of("ssh-port", "0"));

        assertTrue(
                text.contains("\n  ssh       ssh -p %d -R my-app:80:localhost:3000 localhost\n"
                        .formatted(edge.ports().ssh())),
                text);
        assertTrue(text.contains("its host key is new at each start; --ssh-host-key keeps one\n"), text);
    }

    @Test
    void edgeThatNobodyCouldReachIsNotMade() {
        Exception refused =
                assertThrows(Exception.class, () -> greeting(Map.of("http-port", "off", "lane-port", "off")));

        assertEquals(
                "every port for visitors and agents is off, so that nobody could reach this edge: open one of them",
                refused.getMessage());
    }
}
