package dev.culvert.agent.state;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentStateTest {
    private static final String EDGE = "127.0.0.1:7070";
    private static final String TARGET = "http://127.0.0.1:3000";

    @TempDir
    Path folder;

    @Test
    void secretIsTheSameAtTheNextStartAndOnlyItsOwnersToRead() throws Exception {
        Path own = folder.resolve("culvert");

        String secret = new AgentState(own).secret().reveal();

        assertEquals(secret, new AgentState(own).secret().reveal());
        assertEquals(43, secret.length(), "256 bits");
        assertEquals("rw-------", mode(own.resolve("secret")));
        assertEquals("rwx------", mode(own));
    }

    @Test
    void twoFoldersAreTwoAgents() {
        assertNotEquals(
                new AgentState(folder.resolve("a")).secret().reveal(),
                new AgentState(folder.resolve("b")).secret().reveal());
    }

    @Test
    void nameIsFoundByItsTargetAndItsEdge() throws Exception {
        new AgentState(folder).remember(generated("swift-otter", TARGET, "t1"));

        AgentState next = new AgentState(folder);

        assertEquals("swift-otter", find(next).orElseThrow().name());
        assertEquals("t1", find(next).orElseThrow().ticket());
        assertEquals(Optional.empty(), next.generatedFor("other:7070", "http", TARGET, Set.of()));
        assertEquals(Optional.empty(), next.generatedFor(EDGE, "tcp", TARGET, Set.of()));
        assertEquals(Optional.empty(), next.generatedFor(EDGE, "http", "http://127.0.0.1:3001", Set.of()));
        assertEquals(Optional.empty(), next.generatedFor(EDGE, "http", TARGET, Set.of("swift-otter")));
        assertEquals("rw-------", mode(folder.resolve("names.json")), "tickets are secrets");
    }

    @Test
    void nameThatWasAskedForIsOnlyFoundByName() {
        AgentState state = new AgentState(folder);

        state.remember(new NameRecord(EDGE, "http", "shop", TARGET, false, "t"));

        assertEquals(Optional.empty(), find(state));
        assertEquals("t", state.named(EDGE, "http", "shop").orElseThrow().ticket());
    }

    @Test
    void latestNameIsFoundFirstAndAForgottenOneNotAtAll() {
        AgentState state = new AgentState(folder);
        state.remember(generated("one", TARGET, "t"));
        state.remember(generated("two", TARGET, "t"));
        assertEquals("two", find(state).orElseThrow().name());

        state.remember(generated("one", TARGET, "newer"));
        assertEquals("newer", find(state).orElseThrow().ticket());

        state.forget(generated("one", TARGET, ""));
        assertEquals("two", find(state).orElseThrow().name());
    }

    @Test
    void onlyTheLatestTwoHundredAreKept() {
        AgentState state = new AgentState(folder);

        for (int i = 0; i <= 200; i++) {
            state.remember(generated("name-" + i, "http://127.0.0.1:" + (10_000 + i), "t"));
        }

        assertTrue(state.named(EDGE, "http", "name-0").isEmpty());
        assertTrue(state.named(EDGE, "http", "name-1").isPresent());
    }

    @Test
    void changesThatAreNotedTogetherCountInTheirOrder() {
        AgentState state = new AgentState(folder);
        NameRecord one = generated("one", TARGET, "t");
        NameRecord two = generated("two", TARGET, "t");
        NameRecord three = generated("three", TARGET, "t");

        state.note(List.of(
                new NameChange(one, true),
                new NameChange(two, true),
                new NameChange(three, true),
                new NameChange(three, false),
                new NameChange(generated("one", TARGET, "newer"), true)));

        AgentState next = new AgentState(folder);
        assertEquals("newer", find(next).orElseThrow().ticket());
        assertTrue(next.named(EDGE, "http", "two").isPresent());
        assertTrue(next.named(EDGE, "http", "three").isEmpty());
    }

    @Test
    void agentsThatWriteAtOnceLoseNothing() throws Exception {
        ExecutorService agents = Executors.newFixedThreadPool(8);
        List<Future<?>> done = IntStream.range(0, 40)
                .<Future<?>>mapToObj(i -> agents.submit(() -> {
                    AgentState state = new AgentState(folder);
                    state.remember(generated("name-" + i, "http://127.0.0.1:" + (10_000 + i), "t"));
                    return state.secret().reveal();
                }))
                .toList();
        agents.shutdown();
        assertTrue(agents.awaitTermination(30, TimeUnit.SECONDS));

        String secret = new AgentState(folder).secret().reveal();
        for (Future<?> one : done) {
            assertEquals(secret, one.get());
        }
        AgentState state = new AgentState(folder);
        for (int i = 0; i < 40; i++) {
            assertTrue(state.named(EDGE, "http", "name-" + i).isPresent(), "name-" + i);
        }
    }

    @Test
    void folderThatCannotBeIsToldAndDoneWithout() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        AgentState state = new AgentState(file.resolve("culvert"));

        assertEquals(state.secret(), state.secret());
        state.remember(generated("swift-otter", TARGET, "t"));

        assertEquals("swift-otter", find(state).orElseThrow().name());
        assertEquals(
                "cannot keep names and secret in %s (%s: Not a directory); names will change at the next start"
                        .formatted(file.resolve("culvert"), file.resolve("culvert")),
                state.trouble().orElseThrow());
    }

    @Test
    void namesFileThatSomebodyBrokeIsStartedAfresh() throws Exception {
        Files.writeString(folder.resolve("names.json"), "{\"names\": [{\"edge\": 1}");
        AgentState state = new AgentState(folder);

        assertEquals(Optional.empty(), find(state));
        state.remember(generated("swift-otter", TARGET, "t"));

        assertEquals("swift-otter", find(new AgentState(folder)).orElseThrow().name());
        assertEquals("{\"names\": [{\"edge\": 1}", Files.readString(folder.resolve("names.json.unreadable")));
        assertEquals("rw-------", mode(folder.resolve("names.json.unreadable")));
    }

    @Test
    void namesThatAreNoListAreStartedAfresh() throws Exception {
        Files.writeString(folder.resolve("names.json"), "{\"names\": null}");

        assertEquals(Optional.empty(), find(new AgentState(folder)));
        assertEquals("{\"names\": null}", Files.readString(folder.resolve("names.json.unreadable")));
    }

    /** As a later release may write it, which was tried and given up. */
    @Test
    void nameThatIsNotReadableCostsNoOther() throws Exception {
        new AgentState(folder).remember(generated("swift-otter", TARGET, "t"));
        Path file = folder.resolve("names.json");
        String names = Files.readString(file);
        Files.writeString(file, names.replaceFirst("\\[", "[{\"edge\": {}}, 7, "));

        assertEquals("swift-otter", find(new AgentState(folder)).orElseThrow().name());
    }

    @Test
    void withoutAFolderNothingIsKept() {
        AgentState state = new AgentState(null);

        assertEquals(state.secret(), state.secret());
        assertEquals(Optional.empty(), state.trouble());
    }

    /** An agent must have its names when it was upgraded, and when the upgrade was taken back. */
    @Test
    void folderOfAnotherReleaseIsThisOnes() throws Exception {
        String names = """
                {
                  "names" : [ {
                    "edge" : "127.0.0.1:7070",
                    "kind" : "http",
                    "name" : "swift-otter",
                    "target" : "http://127.0.0.1:3000",
                    "generated" : true,
                    "ticket" : "AQAAAZd0"
                  }, {
                    "edge" : "tunnel.example:443",
                    "kind" : "tcp",
                    "name" : "2222",
                    "target" : "127.0.0.1:22",
                    "generated" : false,
                    "ticket" : "t"
                  } ]
                }
                """;
        NameRecord otter = generated("swift-otter", TARGET, "AQAAAZd0");
        NameRecord port = new NameRecord("tunnel.example:443", "tcp", "2222", "127.0.0.1:22", false, "t");
        Path written = folder.resolve("written");
        new AgentState(written).note(List.of(new NameChange(port, true), new NameChange(otter, true)));
        assertEquals(
                new JsonObject(names), new JsonObject(Files.readString(written.resolve("names.json"))), WHAT_TO_DO);

        Files.writeString(folder.resolve("names.json"), names);
        Files.writeString(folder.resolve("secret"), "Zm9yLXRlc3RzLW9ubHktMQ\n");
        AgentState state = new AgentState(folder);
        assertEquals(Optional.of(otter), find(state), WHAT_TO_DO);
        assertEquals(Optional.of(port), state.named("tunnel.example:443", "tcp", "2222"), WHAT_TO_DO);
        assertEquals("Zm9yLXRlc3RzLW9ubHktMQ", state.secret().reveal(), WHAT_TO_DO);

        String made = new AgentState(written).secret().reveal();
        assertEquals(made + "\n", Files.readString(written.resolve("secret")), WHAT_TO_DO);
    }

    private static Optional<NameRecord> find(AgentState state) {
        return state.generatedFor(EDGE, "http", TARGET, Set.of());
    }

    private static NameRecord generated(String name, String target, String ticket) {
        return new NameRecord(EDGE, "http", name, target, true, ticket);
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
