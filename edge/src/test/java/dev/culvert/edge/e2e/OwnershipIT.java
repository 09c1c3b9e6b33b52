package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who has a name keeps it: nobody else gets it, or a part of its visitors. */
class OwnershipIT {
    @RegisterExtension
    static final Stage stage = new Stage();

    private static final String TAKEN = ".*(taken|another|else|belongs).*";

    private static RunningEdge edge;
    private static int target;

    @BeforeAll
    static void edge() throws Exception {
        target = PythonServer.target(stage).port();
        edge = stage.edge();
    }

    @Test
    void anonymousAgentCannotTakeTheNameOfAnother() throws Exception {
        stage.agentOf("ann", edge, target, "--name", "taken").awaitOnline();

        assertRefused(stage.agentOf("bob", edge, 9, "--name", "taken"), "taken" + TAKEN);

        assertEquals("hello\n", edge.get("taken", "/hello").body());
    }

    @Test
    void anonymousAgentCannotJoinTheNameOfAnother() throws Exception {
        stage.agentOf("ann", edge, target, "--name", "joined", "--pool").awaitOnline();

        assertRefused(stage.agentOf("bob", edge, 9, "--name", "joined", "--pool"), "joined" + TAKEN);

        assertEquals("hello\n", edge.get("joined", "/hello").body());
    }

    @Test
    void nameIsKeptForItsAnonymousOwnerWhileItIsAway() throws Exception {
        RunningAgent ann = stage.agentOf("ann", edge, target, "--name", "kept");
        ann.awaitOnline();
        ann.program().kill();

        assertRefused(stage.agentOf("bob", edge, 9, "--name", "kept"), "kept" + TAKEN);

        stage.agentOf("ann", edge, target, "--name", "kept").awaitOnline();
        assertEquals("hello\n", edge.get("kept", "/hello").body());
    }

    @Test
    void secondAgentOfTheSameOwnerIsRefusedUnlessBothPool() throws Exception {
        stage.agentOf("ann", edge, target, "--name", "alone").awaitOnline();
        stage.agentOf("ann", edge, target, "--name", "both", "--pool").awaitOnline();

        assertRefused(stage.agentOf("ann", edge, target, "--name", "alone"), "alone.*--pool");
        stage.agentOf("ann", edge, target, "--name", "both", "--pool").awaitOnline();

        assertEquals(2, edge.instancesOf("both").size());
    }

    @Test
    void tokenGivesItsOwnersNamesAndNoOthers() throws Exception {
        Path tokens = stage.folder().resolve("tokens");
        String ann = token("ann", tokens, "--names", "shop,ann-*");
        String bob = token("bob", tokens);
        RunningEdge guarded = stage.edge("--tokens", tokens.toString());
        stage.agentOf("ann", guarded, target, "--name", "shop", "--token", ann, "--pool")
                .awaitOnline();

        // Another owner, who would be allowed the name if it were free.
        assertRefused(stage.agentOf("bob", guarded, 9, "--name", "shop", "--token", bob, "--pool"), "shop" + TAKEN);
        // The same machine and folder, another owner.
        assertRefused(stage.agentOf("ann", guarded, 9, "--name", "shop", "--token", bob), "shop" + TAKEN);
        // Her own token, and a name that it is not for.
        assertRefused(stage.agentOf("ann", guarded, 9, "--name", "blog", "--token", ann), "blog");
        // No token, and one that nobody has.
        assertRefused(stage.agentOf("eve", guarded, 9, "--name", "free"), "(?i)token");
        assertRefused(stage.agentOf("eve", guarded, 9, "--name", "free", "--token", "x".repeat(43)), "(?i)token");

        stage.agentOf("ann", guarded, target, "--name", "ann-2", "--token", ann).awaitOnline();
        assertEquals("hello\n", guarded.get("shop", "/hello").body());
        assertEquals("hello\n", guarded.get("ann-2", "/hello").body());
    }

    /** Though nobody has it at the moment, and bob's star would allow it. */
    @Test
    void nameThatStandsInTheTokensFileIsForItsOwnerAlone() throws Exception {
        Path tokens = stage.folder().resolve("reserved-tokens");
        String ann = token("ann", tokens, "--names", "shop,ann-*");
        String bob = token("bob", tokens);
        RunningEdge guarded = stage.edge("--tokens", tokens.toString());

        assertRefused(
                stage.agentOf("bob", guarded, 9, "--name", "shop", "--token", bob),
                "'shop' is reserved for another owner of this edge");

        stage.agentOf("bob", guarded, target, "--name", "blog", "--token", bob).awaitOnline();
        stage.agentOf("ann", guarded, target, "--name", "shop", "--token", ann).awaitOnline();
        assertEquals("hello\n", guarded.get("shop", "/hello").body());
    }

    private static String token(String owner, Path file, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("token", "create", owner, "--file", file.toString()));
        arguments.addAll(List.of(more));
        Program create = stage.culvert(arguments.toArray(String[]::new));
        assertEquals(0, create.exitCode(), create::said);
        return create.out().awaitEnd().get(0).strip();
    }

    /** Ends with one sentence about it, and a failure. */
    private static void assertRefused(RunningAgent agent, String sentence) {
        assertEquals(1, agent.program().exitCode(), () -> agent.program().said());
        List<String> said = agent.program().err().awaitEnd();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).matches("culvert: .*" + sentence + ".*"), said::toString);
    }
}
