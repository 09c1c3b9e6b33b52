package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import dev.culvert.admission.Password;
import dev.culvert.agent.ScriptedEdge;
import dev.culvert.agent.dial.TestCertificates;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Unbind;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentMainTest {
    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void noEdgeIsOneSentenceAndExitCodeOne() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            edge.stop();

            assertEquals(1, run("http", "3000", "--edge", edge.address()));

            assertEquals(
                    "culvert: no edge answers at %s (connection refused); start one with `culvert edge`, or name yours with --edge\n"
                            .formatted(edge.address()),
                    err());
            assertEquals("", out());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http | Missing required parameter: 'TARGET' (`culvert http --help` lists what there is)",
                "http 3000 --nope | Unknown option: '--nope' (`culvert http --help` lists what there is)",
                "http 3000 4000 | Unmatched argument at index 2: '4000' (`culvert http --help` lists what there is)",
                "http 3000/ | \"3000/\" is not a target (a port has no slash behind it): write a port, host:port, a URL, unix:/path, or a folder",
                "http http://me:secret@localhost:3000 | \"http://me:secret@localhost:3000\" is not a target (it has a user, and visitors bring their own): write a port, host:port, a URL, unix:/path, or a folder",
                "htpp 3000 | Unknown command: 'htpp'; did you mean http or http2? (`culvert --help` lists what there is)",
                "nope | Unknown command: 'nope' (`culvert --help` lists what there is)",
                "http http://a/b | \"http://a/b\" is not a target (it has a path, and visitors bring their own): write a port, host:port, a URL, unix:/path, or a folder",
                "http 3000 --lanes 0 | --lanes: must be between 1 and 16, was 0",
                "http 3000 --lanes x | --lanes: must be a number, was x",
                "http 3000 --inspect-port x | --inspect-port: x is not a port: write 1 to 65535, 0 for a free one, or off",
                "http2 50051 --inspect-port 4040 | Unknown option: '--inspect-port' (`culvert http2 --help` lists what there is)",
                "http2 . | a folder can be the target of http tunnels only",
                "tcp 22 --inspect-port 4040 | Unknown option: '--inspect-port' (`culvert tcp --help` lists what there is)",
                "http 3000 --edge edge.example.com:7070 | --edge: edge.example.com:7070 is not this machine, and the connection would not be encrypted: use https:// where the edge has it, or add --insecure if the network between is private",
                "http 3000 --ca /nowhere/ca.pem | --ca: there is no file /nowhere/ca.pem",
                "http 3000 --edge-key sha256:abc | --edge-key: must be sha256: and the SHA-256 of the edge's public key in Base64, 44 characters; the edge's operator has it",
                "http 3000 --token-file /nowhere/token | --token-file: there is no file /nowhere/token",
                "http 3000 --token-file / | --token-file: / is a folder, not a file",
                "http 3000 --ssh-key /nowhere/key | --ssh-key: there is no file /nowhere/key",
                "http 3000 --ssh-key / | --ssh-key: / is a folder, not a file",
                "http 7070 | 127.0.0.1:7070 is the edge itself (it is the port at which the edge takes agents in): name the port of your own application",
                "http 3000 --basic-auth ann | --basic-auth: must be a name and a password with a colon between them",
                "http 3000 --basic-auth ann:short | --basic-auth: a password has 8 characters at least",
                "http 3000 --response-timeout soon | --response-timeout: soon is not a time: write a number and ms, s, m or h, like 30s",
                "http 3000 --response-timeout 10ms | --response-timeout: must be 1s to 24h, or 0 for as long as it takes, was 10ms",
                "tcp 22 --response-timeout 10s | Unknown option: '--response-timeout' (`culvert tcp --help` lists what there is)",
                "http 3000 --rate often | --rate: often is not a rate: write a number and /s, /m or /h, like 600/m, or off",
                "tcp 22 --rate 0/s | --rate: a rate must be 1 to 999999999, was 0",
                "http 3000 --basic-auth-file /nowhere/passwords | --basic-auth-file: there is no file /nowhere/passwords",
                "http 3000 --allow-from here | --allow-from: must be networks like 10.0.0.0/8 or fd00::/8 with commas between them, found 'here'",
                "tcp 22 --basic-auth ann:long-enough | Unknown option: '--basic-auth' (`culvert tcp --help` lists what there is)",
                "http 3000 --basic-auth=ann:long-enough --basic-auth-file f | --basic-auth-file: there is basic-auth as well; say one of them",
                "http 3000 --basic-auht=ann:long-enough | Unknown option: '--basic-auht' (`culvert http --help` lists what there is)",
                "tcp 22 --remote-port x | --remote-port: must be a port, 1 to 65535, or 0 for any, was x",
                "tcp 22 --name shop | Unknown option: '--name' (`culvert tcp --help` lists what there is)",
                "tls 443 --proxy-protocol v3 | --proxy-protocol: must be off, v1 or v2, was v3",
                "tcp 7070 | 127.0.0.1:7070 is the edge itself (it is the port at which the edge takes agents in): name the port of your own application",
                "start --config /nowhere/culvert.yaml | there is no file /nowhere/culvert.yaml",
                "lt | name the port of the local server with -p",
                "lt -p 0 | --port: \"0\" is not a target (a port is between 1 and 65535, not 0): write a port, host:port, a URL, unix:/path, or a folder",
                "lt -p x | --port: must be a port, 1 to 65535, was x",
                "lt -p 3000 -h | Missing required parameter for option '--host' (URL) (`culvert lt --help` lists what there is)",
                "lt -p 3000 -h localhost:7080 | --host: \"localhost:7080\" is not a server's URL: write http://host[:port] or https://host[:port]",
                "lt -p 3000 -s a.b | --subdomain: \"a.b\" is not a subdomain: letters, digits and hyphens, at most 63",
                "lt -p 3000 -l a_/b | --local-host: \"a_/b\" is not a host",
                "status --admin nope | --admin: \"nope\" is not a URL like http://127.0.0.1:7090",
                "'' | name a command: http, http2, tcp, tls, start, lt, login, status; `culvert --help` lists all",
            })
    void wrongUsageIsOneSentence(String words, String sentence) {
        int exitCode = run(words.isEmpty() ? new String[0] : words.split(" "));

        assertEquals("culvert: " + sentence + "\n", err());
        assertEquals(sentence.contains("is the edge itself") ? 1 : 2, exitCode);
    }

    @Test
    void brokenYamlIsOneSentenceWithTheLine() throws Exception {
        Path file = Files.writeString(home.resolve("culvert.yaml"), "edge: a:1\ntunnels: [\n");

        assertEquals(2, run("start", "--config", file.toString()));

        assertTrue(err().startsWith("culvert: %s, line 3, column 1 is not YAML: ".formatted(file)), err());
        assertEquals(1, err().lines().count());
    }

    @Test
    void unknownKeyOfTheUsersFileIsNamedWithItsPlace() throws Exception {
        Path file = Files.writeString(home.resolve("config.yaml"), "edge: 127.0.0.1:7070\ntokenfile: x\n");

        assertEquals(2, run("http", "3000"));

        assertTrue(err().startsWith("culvert: %s, line 2, column 1: tokenfile: unknown key".formatted(file)), err());
    }

    @Test
    void flagComesBeforeVariableAndThatBeforeTheFile() throws Exception {
        try (ScriptedEdge flag = new ScriptedEdge();
                ScriptedEdge variable = new ScriptedEdge();
                ScriptedEdge file = new ScriptedEdge()) {
            flag.stop();
            variable.stop();
            file.stop();
            Files.writeString(home.resolve("config.yaml"), "edge: " + file.address() + "\n");
            run("http", "3000");
            assertTrue(err().contains(file.address()), err());
            environment.put("CULVERT_EDGE", variable.address());
            run("http", "3000");
            assertTrue(err().contains(variable.address()), err());
            run("http", "3000", "--edge", flag.address());
            assertTrue(err().contains(flag.address()), err());
        }
    }

    @Test
    void tunnelIsToldInWordsUntilTheEdgeTakesItAway() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Path token = Files.writeString(home.resolve("token"), "s3cret\n");
            CompletableFuture<Integer> exitCode = CompletableFuture.supplyAsync(() -> run(
                    "http",
                    "3000",
                    "--edge",
                    edge.address(),
                    "--token-file",
                    token.toString(),
                    "--name",
                    "shop",
                    "--host-header",
                    "rewrite",
                    "--pool"));
            ScriptedEdge.Greeted lane = edge.welcome();
            Bind bind = lane.grant("-");
            lane.peer().close();
            ScriptedEdge.Greeted again = edge.welcome();
            again.grant("-");
            again.peer().send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "deleted by its owner")));

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals("s3cret", lane.hello().token());
            assertEquals("shop", bind.name());
            assertTrue(bind.pool());
            String[] lines = out().split("\n");
            assertEquals("Online: http://shop.example.com → http://127.0.0.1:3000", lines[0]);
            assertTrue(lines[1].startsWith("Connection to the edge lost ("), lines[1]);
            assertEquals("Back online: http://shop.example.com → http://127.0.0.1:3000", lines[2]);
            assertEquals("Offline: http://127.0.0.1:3000 (deleted by its owner)", lines[3]);
            assertEquals(4, lines.length);
        }
    }

    @Test
    void jsonIsOneObjectALine() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            environment.put("CULVERT_JSON", "true");
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("http", "3000", "--edge", edge.address()));
            ScriptedEdge.Greeted lane = edge.welcome();
            lane.grant("shop");
            lane.peer().send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "gone")));

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals("""
                    {"event":"online","name":"shop","url":"http://shop.example.com","target":"http://127.0.0.1:3000"}
                    {"event":"offline","target":"http://127.0.0.1:3000","reason":"gone"}
                    """, out());
        }
    }

    @Test
    void takenNameSaysWhatToDo() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            CompletableFuture<Integer> exitCode = CompletableFuture.supplyAsync(
                    () -> run("http", "3000", "--edge", edge.address(), "--name", "shop"));
            edge.welcome().refuse(Bound.Code.NAME_TAKEN, "it is another owner's");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals(
                    "culvert: the edge refused the name shop: it is another owner's; choose another with --name, or leave it out for one that is free\n",
                    err());
            assertEquals("", out());
        }
    }

    @Test
    void fileOpensItsTunnelsOrThoseThatAreNamed() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Path file = Files.writeString(home.resolve("culvert.yaml"), """
                    edge: %s
                    tunnels:
                      web: 3000
                      shop:
                        target: https://localhost:8443
                        name: shop
                        host_header: rewrite
                        insecure-target: true
                    """.formatted(edge.address()));
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("start", "--config", file.toString(), "shop"));
            ScriptedEdge.Greeted lane = edge.welcome();
            Bind bind = lane.grant("-");
            lane.peer().send(new Frame.UnbindFrame(new Unbind(bind.id(), CloseReason.CLOSED, "gone")));

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals("shop", bind.name());
            assertEquals("rewrite", bind.hostHeader());
            assertEquals("https://localhost:8443", bind.target());
        }
    }

    @Test
    void fileHasTunnelsOfAllKinds() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Path file = Files.writeString(home.resolve("culvert.yaml"), """
                    edge: %s
                    tunnels:
                      ssh: {kind: tcp, target: 22, remote-port: 2222, proxy-protocol: off}
                      greeter: {kind: http2, target: 50051, name: greeter, host-header: rewrite}
                      safe: {kind: tls, target: 8443, name: safe, proxy-protocol: v2, allow-from: "10.0.0.0/8, ::1", rate: 600/m}
                    """.formatted(edge.address()));
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("start", "--config", file.toString()));
            ScriptedEdge.Greeted lane = edge.welcome();
            Bind ssh = lane.grantPort(0);
            Bind greeter = lane.grant("-");
            Bind safe = lane.grant("-");
            lane.peer().send(new Frame.UnbindFrame(new Unbind(ssh.id(), CloseReason.CLOSED, "gone")));
            lane.peer().send(new Frame.UnbindFrame(new Unbind(greeter.id(), CloseReason.CLOSED, "gone")));
            lane.peer().send(new Frame.UnbindFrame(new Unbind(safe.id(), CloseReason.CLOSED, "gone")));

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals("tcp 2222", ssh.kind() + " " + ssh.port());
            assertEquals("http2 greeter", greeter.kind() + " " + greeter.name());
            assertEquals("rewrite http://127.0.0.1:50051", greeter.hostHeader() + " " + greeter.target());
            assertEquals("tls safe", safe.kind() + " " + safe.name());
            assertEquals(List.of(), ssh.visitors().allowFrom());
            assertEquals(List.of("10.0.0.0/8", "::1"), safe.visitors().allowFrom());
            assertNull(ssh.rate());
            assertEquals("600/m", safe.rate());
            assertTrue(out().contains("Online: tcp://example.com:2222 → 127.0.0.1:22\n"), out());
        }
    }

    @Test
    void fileOfPasswordsSaysWhomToLetIn() throws Exception {
        Path file = Files.writeString(
                home.resolve("passwords"), "\ufeff# ours\n\n  # and theirs: soon\nann:long enough\nbob:quite: long\n");
        try (ScriptedEdge edge = new ScriptedEdge()) {
            environment.put("CULVERT_BASIC_AUTH", "eve:less near than a flag");
            CompletableFuture<Integer> exitCode = CompletableFuture.supplyAsync(
                    () -> run("http", "3000", "--edge", edge.address(), "--basic-auth-file", file.toString()));
            Bind bind = edge.welcome().refuse(Bound.Code.NOT_ALLOWED, "no");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals(
                    Stream.of("ann:long enough", "bob:quite: long")
                            .map(text -> Password.of(text).hash())
                            .sorted()
                            .toList(),
                    bind.visitors().passwords());
        }
    }

    @Test
    void edgeHearsHowLongTheTargetMayTakeAndWhetherPreflightsComeIn() throws Exception {
        Path file = home.resolve("culvert.yaml");
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Files.writeString(
                    file,
                    "edge: %s\ntunnels: {web: {target: 3000, basic-auth: \"ann:long enough\", allow-preflight: true, response-timeout: 90s}}"
                            .formatted(edge.address()));
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("start", "--config", file.toString()));
            Bind bind = edge.welcome().refuse(Bound.Code.NOT_ALLOWED, "no");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals(90_000, bind.responseTimeoutMillis());
            assertTrue(bind.visitors().preflights());
        }
    }

    @Test
    void rateOfAVariableGivesWayToThatOfTheCommandLine() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            environment.put("CULVERT_RATE", "50/s");
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("tcp", "22", "--edge", edge.address()));
            assertEquals(
                    "50/s", edge.welcome().refuse(Bound.Code.NOT_ALLOWED, "no").rate());
            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));

            exitCode =
                    CompletableFuture.supplyAsync(() -> run("http", "3000", "--edge", edge.address(), "--rate", "off"));
            assertNull(edge.welcome().refuse(Bound.Code.NOT_ALLOWED, "no").rate());
            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'ann:long enough\nbob' | :2: must be a name and a password with a colon between them",
                "'# nobody' | ' has no passwords'",
            })
    void mistakeInTheFileOfPasswordsIsNamedWithItsPlace(String text, String end) throws Exception {
        Path file = Files.writeString(home.resolve("passwords"), text.replace("\\n", "\n"));

        assertEquals(2, run("http", "3000", "--basic-auth-file", file.toString()));

        assertEquals("culvert: --basic-auth-file: " + file + end + "\n", err());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "basic-auth: ",
                "basic-auth: #ann:long enough",
                "basic-auth-file: ",
                "allow-from: ",
                "allow-from: []",
                "basic-auth: []"
            })
    void whatWasLeftEmptyOpensNothing(String line) throws Exception {
        Path file = Files.writeString(home.resolve("culvert.yaml"), "tunnels:\n  web:\n    target: 3000\n    " + line);

        assertEquals(2, run("start", "--config", file.toString()));

        assertTrue(err().contains("there is nothing in it"), err());
        environment.put("CULVERT_BASIC_AUTH_FILE", "");
        assertEquals(2, run("http", "3000"));
        assertTrue(err().contains("CULVERT_BASIC_AUTH_FILE") || err().contains("basic-auth-file"), err());
    }

    @Test
    void fileHasSeveralPasswordsAsAList() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            Path file = Files.writeString(
                    home.resolve("culvert.yaml"),
                    "edge: %s\ntunnels: {web: {target: 3000, basic-auth: [\"ann:long enough\", \"bob:also, long\"]}}"
                            .formatted(edge.address()));
            CompletableFuture<Integer> exitCode =
                    CompletableFuture.supplyAsync(() -> run("start", "--config", file.toString()));
            Bind bind = edge.welcome().refuse(Bound.Code.NOT_ALLOWED, "no");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals(
                    Stream.of("ann:long enough", "bob:also, long")
                            .map(text -> Password.of(text).hash())
                            .sorted()
                            .toList(),
                    bind.visitors().passwords());
        }
    }

    /** Or somebody takes a tunnel for closed that is not. */
    @Test
    void variableThatCannotHoldIsRefused() throws Exception {
        environment.put("CULVERT_SIGN_IN", "*@example.com");
        assertEquals(2, run("tcp", "22", "--allow-from", "10.0.0.0/8"));
        assertEquals(
                "culvert: the variable CULVERT_SIGN_IN: sign-in: only visitors of http tunnels can be asked for a password or a sign-in\n",
                err());
        environment.put("CULVERT_SIGN_IN", "*example.com");
        assertEquals(2, run("http", "3000"));
        assertEquals(
                "culvert: the variable CULVERT_SIGN_IN: sign-in: must be like ann@example.com, *@example.com, group:staff or * (all whom the provider knows), was \"*example.com\"\n",
                err());
        environment.remove("CULVERT_SIGN_IN");
        environment.put("CULVERT_BASIC_AUTH", "ann:long enough");
        Path file = Files.writeString(home.resolve("culvert.yaml"), "tunnels: {web: 3000}");

        assertEquals(2, run("tcp", "22"));
        assertEquals(
                "culvert: the variable CULVERT_BASIC_AUTH: basic-auth: only visitors of http tunnels can be asked for a password or a sign-in\n",
                err());
        assertEquals(2, run("lt", "-p", "3000"));
        assertEquals(
                "culvert: the variable CULVERT_BASIC_AUTH: basic-auth: a localtunnel server lets everybody in; leave it out, or use culvert http\n",
                err());
        assertEquals(2, run("start", "--config", file.toString()));
        assertEquals(
                "culvert: the variable CULVERT_BASIC_AUTH: basic-auth: does not hold for the tunnels of a file; write it below each of them\n",
                err());
    }

    @Test
    void takenPortSaysWhatToDo() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            CompletableFuture<Integer> exitCode = CompletableFuture.supplyAsync(
                    () -> run("tcp", "22", "--edge", edge.address(), "--remote-port", "2222"));
            edge.welcome().refuse(Bound.Code.NAME_TAKEN, "port 2222 belongs to somebody else");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertEquals(
                    "culvert: the edge refused the port 2222: port 2222 belongs to somebody else; choose another with --remote-port, or leave it out for one that is free\n",
                    err());
        }
    }

    @ParameterizedTest
    @CsvSource({"'{target: 3000, name: shop}', name", "'{kind: tcp, target: 22, remote-port: 2222}', remote-port"})
    void nameOfTheFileThatIsTakenIsToBeChangedThere(String tunnel, String key) throws Exception {
        Path file = Files.writeString(home.resolve("culvert.yaml"), "tunnels: {web: %s}".formatted(tunnel));
        try (ScriptedEdge edge = new ScriptedEdge()) {
            CompletableFuture<Integer> exitCode = CompletableFuture.supplyAsync(
                    () -> run("start", "--config", file.toString(), "--edge", edge.address()));
            edge.welcome().refuse(Bound.Code.NAME_TAKEN, "it belongs to somebody else");

            assertEquals(1, exitCode.get(10, TimeUnit.SECONDS));
            assertTrue(
                    err().endsWith("; choose another %s in the file, or leave it out for one that is free\n"
                            .formatted(key)),
                    err());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tunnels: {web: {target: 3000, nmae: x}} | line 1, column 31: nmae: unknown key; known are allow-from, allow-preflight, basic-auth, basic-auth-file, host-header, insecure-target, kind, name, pool, rate, response-timeout, sign-in, target",
                "tunnels: {web: {name: x}} | line 1, column 11: web: a tunnel needs a target",
                "tunnels: {web: } | line 1, column 11: web: a tunnel needs a target",
                "tunnels: {web: nope} | line 1, column 11: web: \"nope\" is not a target (it has no port, and there is no folder of this name): write a port, host:port, a URL, unix:/path, or a folder",
                "tunnels: {web: {kind: tcp, target: 22, name: x}} | line 1, column 40: name: unknown key; known are allow-from, kind, pool, proxy-protocol, rate, remote-port, target",
                "tunnels: {web: {kind: udp, target: 53}} | line 1, column 17: kind: must be http, http2, tcp or tls, was udp",
                "tunnels: {web: {kind: tls, target: 1, proxy-protocol: v3}} | line 1, column 39: proxy-protocol: must be off, v1 or v2, was v3",
                "{lanes: 99, tunnels: {web: 1}} | line 1, column 2: lanes: must be between 1 and 16, was 99",
                "edge: a:1 | : tunnels: there is none; write one like `web: {target: 3000}` below it",
                "tunnels: {web: {target: 1, pool: maybe}} | line 1, column 28: pool: must be true or false, was maybe",
            })
    void mistakeInTheFileIsNamedWithItsPlace(String yaml, String end) throws Exception {
        Path file = Files.writeString(home.resolve("culvert.yaml"), yaml);

        assertEquals(2, run("start", "--config", file.toString()));

        assertTrue(err().strip().endsWith(end), err());
        assertTrue(err().startsWith("culvert: " + file), err());
    }

    @Test
    void unknownTunnelOfTheFileIsNamed() throws Exception {
        Path file = Files.writeString(home.resolve("culvert.yaml"), "tunnels: {web: 3000, api: 4000}");

        assertEquals(2, run("start", "--config", file.toString(), "shop"));

        assertTrue(err().contains("has no tunnel shop; it has web, api"), err());
    }

    @Test
    void helpNamesTheCommandsOfBothPrograms() {
        assertEquals(0, run("--help"));

        for (String command :
                new String[] {"http", "http2", "tcp", "tls", "start", "lt", "status", "edge", "token", "demo"}) {
            assertTrue(out().contains("\n  " + command + " "), command + " in\n" + out());
        }
        assertFalse(out().lines().anyMatch(line -> line.length() > 80), out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "http2", "tcp", "tls", "start", "lt", "login", "logout", "status"})
    void everyCommandTellsTheVersion(String command) {
        assertEquals(0, run(command, "-V"));

        assertEquals("culvert dev\n", out());
    }

    @Test
    void logLevelOfNothingIsNotSet() {
        environment.put("CULVERT_LOG_LEVEL", "");

        assertEquals(0, run("--version"));
    }

    @Test
    void versionIsOneLine() {
        assertEquals(0, run("--version"));

        assertTrue(out().matches("culvert \\S+\n"), out());
    }

    @Test
    void statusListsTunnels() throws Exception {
        HttpServer admin = admin(200, """
                [{"name":"shop","url":"http://shop.localhost:7080","target":"http://127.0.0.1:3000",
                  "holders":[{"node":"n","instance":"i"},{"node":"m","instance":"i"}],"passwords":2,"allowFrom":["::1"],"rate":"600/m","visitors":2,"requests":17},
                 {"name":"old","url":"http://old.localhost:7080","target":"\\u001b[31mred","holders":[],
                  "visitors":0,"requests":0}]
                """);
        String url = "http://127.0.0.1:" + admin.getAddress().getPort();

        assertEquals(0, run("status", "--admin", url));
        admin.stop(0);

        assertEquals("""
                NAME  URL                         TARGET                 AGENTS    VISITORS  REQUESTS  RATE   VISITORS NEED
                shop  http://shop.localhost:7080  http://127.0.0.1:3000  1         2         17        600/m  one of 2 passwords, an address of ::1
                old   http://old.localhost:7080   ?[31mred               reserved  0         0         off    nothing
                """, out());
    }

    @Test
    void statusThatNobodyHasSeenIsAFailure() throws Exception {
        HttpServer admin = admin(200, "[]");
        OutputStream full = new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                throw new IOException("No space left on device");
            }
        };

        int exitCode = run(
                new PrintStream(full, true, StandardCharsets.UTF_8),
                "status",
                "--admin",
                "http://127.0.0.1:" + admin.getAddress().getPort());
        admin.stop(0);

        assertEquals(1, exitCode);
        assertEquals("culvert: the list could not be written to standard output\n", err());
    }

    @Test
    void statusOfAnEdgeThatIsNotTrustedSaysSo() throws Exception {
        TestCertificates.Pair pair = TestCertificates.in(home).signed("localhost", "DNS:localhost");
        Vertx vertx = Vertx.vertx();
        PemKeyCertOptions pem = new PemKeyCertOptions()
                .addKeyPath(pair.key().toString())
                .addCertPath(pair.certificate().toString());
        int port = vertx.createNetServer(new NetServerOptions().setSsl(true).setKeyCertOptions(pem))
                .connectHandler(socket -> {})
                .listen(0, "127.0.0.1")
                .await(10, TimeUnit.SECONDS)
                .actualPort();

        assertEquals(1, run("status", "--admin", "https://localhost:" + port));

        assertEquals(
                "culvert: the edge's admin port at https://localhost:%d cannot be asked: its certificate is not signed by an authority that this machine trusts\n"
                        .formatted(port),
                err());
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void statusWithAnotherTokenIsNotToldToNameOne() throws Exception {
        HttpServer admin = admin(401, "[]");
        Path token = Files.writeString(home.resolve("other.txt"), "0123456789abcdef");

        int exitCode = run(
                "status",
                "--admin",
                "http://127.0.0.1:" + admin.getAddress().getPort(),
                "--admin-token-file",
                token.toString());
        admin.stop(0);

        assertEquals(1, exitCode);
        assertTrue(err().strip().endsWith("has another token than that of --admin-token-file"), err());
    }

    @Test
    void fileThatNeverEndsIsRefusedInWords() {
        assumeTrue(Files.exists(Path.of("/dev/zero")));

        assertEquals(2, run("http", "3000", "--token-file", "/dev/zero"));
        assertTrue(err().contains("--token-file: cannot use /dev/zero: it has more than 16384 bytes"), err());
        assertEquals(2, run("http", "3000", "--ca", "/dev/zero"));
        assertTrue(err().contains("--ca: cannot use /dev/zero: it has more than 16777216 bytes"), err());
    }

    @Test
    void statusHelpSaysWhatItPrints() {
        assertEquals(0, run("status", "--help"));

        assertTrue(out().contains("Print each tunnel as a JSON object"), out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 | [] | wants its token; name the file with --admin-token-file",
                "500 | [] | answered with status 500",
                "200 | <html> | answers, but not as an edge's admin port does; name it with --admin",
            })
    void statusSaysWhatIsWrongWithTheAdminPort(int status, String body, String end) throws Exception {
        HttpServer admin = admin(status, body);

        assertEquals(
                1,
                run(
                        "status",
                        "--admin",
                        "http://127.0.0.1:" + admin.getAddress().getPort()));
        admin.stop(0);

        assertTrue(err().strip().endsWith(end), err());
    }

    private static HttpServer admin(int status, String body) throws Exception {
        HttpServer admin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        admin.createContext("/api/v1/tunnels", exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        admin.start();
        return admin;
    }

    private int run(String... args) {
        out.reset();
        return run(new PrintStream(out, true, StandardCharsets.UTF_8), args);
    }

    private int run(PrintStream out, String... args) {
        err.reset();
        return AgentMain.run(
                new Surroundings(
                        environment,
                        home,
                        out,
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        prompt -> "",
                        false),
                args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
