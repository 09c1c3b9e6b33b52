package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.config.Rate;
import dev.culvert.config.Secret;
import dev.culvert.lane.LaneOptions;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.Unbind;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentTest {
    private static final Reconnect FAST = new Reconnect.Forever(Duration.ofMillis(1), Duration.ofMillis(20));
    private static final Admission ANN = Admission.EVERYBODY.withPasswords(Set.of(Password.parse("ann:long enough")));
    private static final Admission BOB = Admission.EVERYBODY.withPasswords(Set.of(Password.parse("bob:long enough")));
    private static final Duration A_WHILE = Duration.ofMillis(300);

    private final RecordingListener listener = new RecordingListener();
    private final Vertx vertx = Vertx.vertx();
    private ScriptedEdge edge;
    private AgentOptions options;
    private Agent agent;

    @BeforeEach
    void startEdge() throws Exception {
        edge = new ScriptedEdge();
        options = AgentOptions.of(edge.address()).withStateFolder(null).withReconnect(FAST);
    }

    @AfterEach
    void stopEverything() throws Exception {
        if (agent != null) {
            get(agent.close());
        }
        get(vertx.close());
        edge.close();
    }

    @Test
    void tunnelOpensOnceTheEdgeHasGivenItAName() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000).withHostHeader("rewrite"));

        ScriptedEdge.Greeted lane = edge.welcome();
        Bind bind = lane.grant("swift-otter");

        Tunnel tunnel = get(opening);
        assertEquals("swift-otter", tunnel.name());
        assertEquals("http://swift-otter.example.com", tunnel.url());
        assertEquals(new TunnelState.Connecting(), listener.nextState());
        assertEquals(new TunnelState.Connected("swift-otter", "http://swift-otter.example.com"), listener.nextState());
        assertEquals(List.of(Hello.VERSION), lane.hello().versions());
        assertTrue(lane.hello().events());
        assertEquals("http", bind.kind());
        assertNull(bind.name());
        assertEquals("http://127.0.0.1:3000", bind.target());
        assertEquals("rewrite", bind.hostHeader());
    }

    @Test
    void tokenIsSentInsteadOfASecret() throws Exception {
        options = options.withToken(Secret.of("s3cret"));
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant("a");

        get(opening);
        assertEquals("s3cret", lane.hello().token());
        assertNull(lane.hello().secret());
    }

    @Test
    void folderIsServedByTheAgentItself(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("page"), "from a folder");
        ScriptedEdge.Greeted lane = online("docs", TunnelOptions.http(folder.toString()));

        lane.open(2, "docs").peer().sendText(2, "GET /page HTTP/1.0\r\n\r\n");

        assertEquals("HTTP/1.0 200 OK", lane.peer().expectText(2, 15).substring(0, 15));
    }

    @Test
    void streamIsJoinedWithTheTargetBothWays() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(target.getLocalPort()));

            lane.open(2, "web").peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
            try (Socket accepted = target.accept()) {
                byte[] request = accepted.getInputStream().readNBytes(18);
                assertEquals("GET / HTTP/1.1\r\n\r\n", new String(request, StandardCharsets.UTF_8));
                accepted.getOutputStream().write("HTTP/1.1 204 No Content\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                assertEquals("HTTP/1.1 204 No Content\r\n\r\n", lane.peer().expectText(2, 27));
                accepted.shutdownOutput();
                assertEquals(18, lane.peer().await(Frame.Fin.class).deliveredBytes());
                lane.peer().send(new Frame.Fin(2, 27));
                assertEquals(-1, accepted.getInputStream().read());
            }
        }
    }

    @Test
    void refusedTargetIsAResetThatProvesThatNothingWasDelivered() throws Exception {
        int port = freePort();
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(port));

        lane.open(2, "web").peer().sendText(2, "POST / HTTP/1.1\r\n\r\n");

        Frame.Reset reset = lane.peer().await(Frame.Reset.class);
        assertEquals(CloseReason.TARGET_REFUSED, reset.reason());
        assertEquals(0, reset.deliveredBytes());
        assertEquals("nothing answers on 127.0.0.1:%d (connection refused)".formatted(port), reset.detail());
        assertEquals(reset.detail(), listener.nextNotice());
    }

    @Test
    void streamForATunnelOfNobodyIsRefused() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.open(2, "other");

        assertEquals(CloseReason.NOT_HELD, lane.peer().await(Frame.Reset.class).reason());
    }

    @Test
    void finishedExchangeIsToldToTheListener() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(freePort()));
        Exchange exchange = new Exchange(ScriptedEdge.key("web"), "192.0.2.1:4711", "GET", "/path", 200, 0, 5, 1, 2, 3);

        lane.open(2, "web").peer().send(new Frame.Event(2, exchange));

        assertEquals(exchange, listener.nextExchange());
    }

    @Test
    void lostLaneIsDialedAgainAndTheTunnelKeepsItsName() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().close();
        listener.await(TunnelState.Reconnecting.class);
        ScriptedEdge.Greeted again = edge.welcome();
        Bind bind = again.grant("another");

        assertEquals("web", listener.await(TunnelState.Connected.class).name());
        assertEquals("ticket-of-web", bind.ticket());
        assertEquals(lane.hello().instance(), again.hello().instance());
        assertEquals(List.of(), again.hello().lanes());
    }

    @Test
    void edgeThatIsGoneIsTriedUntilItIsBack() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        edge.stop();
        lane.peer().close();
        String why = "";
        while (!why.contains("no edge answers")) {
            why = listener.await(TunnelState.Reconnecting.class).why();
        }
        edge.startAgain();
        edge.welcome().grant("web");

        listener.await(TunnelState.Connected.class);
    }

    @Test
    void silentEdgeIsLeftAndDialedAgain() throws Exception {
        LaneOptions impatient = new LaneOptions(
                65536, 16384, 65536, 1 << 20, Duration.ofMillis(100), LaneOptions.DEFAULT.handshakeTimeout());
        options = options.withLaneOptions(impatient);
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().stopAnsweringPings();

        edge.welcome().grant("web");
        listener.await(TunnelState.Reconnecting.class);
        listener.await(TunnelState.Connected.class);
    }

    @Test
    void drainingNodeKeepsItsStreamsWhileANewLaneTakesTheVisitors() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ScriptedEdge.Greeted old = online("web", TunnelOptions.http(target.getLocalPort()));
            old.open(2, "web").peer().sendText(2, "old");
            try (Socket accepted = target.accept()) {
                old.peer().send(new Frame.GoAway(CloseReason.DRAINING, 0, List.of(), "the node is stopping"));

                ScriptedEdge.Greeted fresh = edge.welcome("node-2", 1);
                fresh.grant("web");
                assertEquals(List.of(old.lane()), fresh.hello().lanes());
                assertEquals("old", new String(accepted.getInputStream().readNBytes(3), StandardCharsets.UTF_8));
                old.peer().expectGoAway(CloseReason.DRAINING); // Now that the tunnel is bound elsewhere.
                accepted.getOutputStream().write("still".getBytes(StandardCharsets.UTF_8));
                assertEquals("still", old.peer().expectText(2, 5));
                old.peer().close();
                fresh.open(2, "web").peer().sendText(2, "new");
                try (Socket second = target.accept()) {
                    assertEquals("new", new String(second.getInputStream().readNBytes(3), StandardCharsets.UTF_8));
                }
            }
        }
    }

    @Test
    void firstConnectionIsNotRetried() throws Exception {
        edge.stop();

        AgentException failure = failure(agent().open(TunnelOptions.http(3000)));

        assertEquals(AgentException.Code.NO_EDGE, failure.code());
        assertEquals("no edge answers at %s (connection refused)".formatted(edge.address()), failure.getMessage());
        edge.startAgain();
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void refusedTokenIsSaidAndNotTriedAgain() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        edge.refuse(CloseReason.UNAUTHORIZED, "the token is not known here");

        AgentException failure = failure(opening);
        assertEquals(AgentException.Code.UNAUTHORIZED, failure.code());
        assertEquals(
                "the edge at %s refused this agent: the token is not known here".formatted(edge.address()),
                failure.getMessage());
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void edgeOfAnotherVersionIsSaid() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        edge.refuse(CloseReason.VERSION_MISMATCH, "speaks 2 and 3");

        assertEquals(AgentException.Code.VERSION_MISMATCH, failure(opening).code());
    }

    @Test
    void tokenThatIsRevokedLaterIsTriedSlowly() throws Exception {
        options = options.withReconnect(new Reconnect.Forever(Duration.ofMillis(1), Duration.ofHours(1)));
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().send(new Frame.GoAway(CloseReason.UNAUTHORIZED, 0, List.of(), "the token was revoked"));

        TunnelState.Reconnecting state = listener.await(TunnelState.Reconnecting.class);
        assertEquals("the token was revoked", state.why());
        assertTrue(state.delay().compareTo(Duration.ofMinutes(30)) >= 0, state.toString());
    }

    @Test
    void refusedTokenThatMayBeAnotherOneSoonIsTriedLikeALostEdge() throws Exception {
        options = options.withReconnect(new Reconnect.Forever(Duration.ofMillis(1), Duration.ofHours(1)))
                .withTokenSource(() -> Secret.of("renewed"));
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().send(new Frame.GoAway(CloseReason.UNAUTHORIZED, 0, List.of(), "the token was revoked"));
        edge.refuse(CloseReason.UNAUTHORIZED, "the token has expired");

        edge.welcome().grant("web");
        assertTrue(listener.await(TunnelState.Reconnecting.class).delay().compareTo(Duration.ofSeconds(1)) < 0);
        assertEquals("web", listener.await(TunnelState.Connected.class).name());
    }

    @Test
    void eachConnectionShowsTheTokenOfItsTime() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        options = options.withTokenSource(() -> Secret.of("token " + asked.incrementAndGet()));
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));
        assertEquals("token 1", lane.hello().token());

        lane.peer().close();

        assertEquals("token 2", edge.welcome().hello().token());
    }

    @Test
    void tokenThatIsNotToBeHadAtTheStartIsAnErrorAndNobodyIsDialed() throws Exception {
        options = options.withTokenSource(() -> {
            throw new IOException("its command printed nothing");
        });

        AgentException failure = failure(agent().open(TunnelOptions.http(3000)));

        assertEquals(AgentException.Code.NO_TOKEN, failure.code());
        assertEquals("no token: its command printed nothing", failure.getMessage());
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void tokenThatIsNotToBeHadLaterIsAskedForUntilItIs() throws Exception {
        BlockingQueue<Secret> tokens = new LinkedBlockingQueue<>(List.of(Secret.of("first")));
        options = options.withTokenSource(() -> {
            Secret next = tokens.poll();
            if (next == null) {
                throw new IOException("the provider is away");
            }
            return next;
        });
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().close();
        TunnelState.Reconnecting state = listener.await(TunnelState.Reconnecting.class);
        while (!state.why().equals("no token: the provider is away")) {
            state = listener.await(TunnelState.Reconnecting.class);
        }
        tokens.add(Secret.of("second"));

        assertEquals("second", edge.welcome().hello().token());
    }

    @Test
    void edgeThatCannotTellYetWhoTheAgentIsIsAskedAgainAtTheStartToo() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        edge.refuse(CloseReason.UNDECIDED, "the issuer is away");
        edge.refuse(CloseReason.UNDECIDED, "the issuer is away");
        edge.welcome().grant("web");

        assertEquals("web", get(opening).name());
        assertEquals(
                "the edge cannot tell yet who this agent is, and is asked again: the issuer is away",
                listener.nextNotice());
    }

    @Test
    void edgeThatCannotTellForLongIsAnErrorAtTheStart() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        for (int i = 0; i < 8; i++) {
            edge.refuse(CloseReason.UNDECIDED, "the issuer is away");
        }

        assertEquals(AgentException.Code.REFUSED, failure(opening).code());
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void whatIsNoEdgeIsNamed() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        try (ScriptedPeer web = edge.door().accept()) {
            web.sendRaw("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            AgentException failure = failure(opening);
            assertEquals(AgentException.Code.NO_EDGE, failure.code());
            assertTrue(
                    failure.getMessage().startsWith(edge.address() + " answers, but not as an edge's lane port does"),
                    failure.getMessage());
        }
    }

    @Test
    void drainingNodeBehindABalancerIsNotTheLastWord() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));

        edge.refuse(CloseReason.DRAINING, "stopping");
        edge.welcome().grant("web");

        assertEquals("web", get(opening).name());
    }

    @Test
    void nameThatIsTakenAtTheStartIsAnError() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000).withName("shop"));

        edge.welcome().refuse(Bound.Code.NAME_TAKEN, "it belongs to somebody else");

        AgentException failure = failure(opening);
        assertEquals(AgentException.Code.NAME_TAKEN, failure.code());
        assertEquals("the edge refused the name shop: it belongs to somebody else", failure.getMessage());
        assertInstanceOf(TunnelState.Offline.class, listener.await(TunnelState.Offline.class));
    }

    @Test
    void nameThatIsTakenAtAReconnectIsAskedForAgain() throws Exception {
        assertAskedForAgain(Bound.Code.NAME_IN_USE);
    }

    @Test
    void edgesOwnMistakeIsAskedAgainAFewTimes() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted lane = edge.welcome();

        lane.refuse(Bound.Code.INTERNAL, "the cluster is changing");
        lane.refuse(Bound.Code.INTERNAL, "the cluster is changing");
        lane.refuse(Bound.Code.INTERNAL, "the cluster is changing");

        assertEquals("the cluster is changing", failure(opening).getMessage());
    }

    @Test
    void edgeWithoutRoomForAnotherNameIsAnErrorAtTheStartAndAskedAgainLater() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000).withName("shop"));
        edge.welcome().refuse(Bound.Code.NO_ROOM, "no room for another name");
        assertEquals(
                "the edge refused the tunnel: no room for another name",
                failure(opening).getMessage());

        assertAskedForAgain(Bound.Code.NO_ROOM);
    }

    /** While the edges are upgraded one by one, say, or set up anew. */
    @Test
    void edgeThatDoesNotOfferTheTunnelAnyMoreIsAskedAgain() throws Exception {
        assertAskedForAgain(Bound.Code.NOT_OFFERED);
    }

    /** By a tunnel that was online, at a reconnect. */
    private void assertAskedForAgain(Bound.Code refusal) throws Exception {
        ScriptedEdge.Greeted lane = online("shop", TunnelOptions.http(3000).withName("shop"));

        lane.peer().close();
        ScriptedEdge.Greeted again = edge.welcome();
        again.refuse(refusal, "not now");
        assertEquals("shop", again.grant("-").name());

        listener.await(TunnelState.Reconnecting.class);
        assertEquals("shop", listener.await(TunnelState.Connected.class).name());
    }

    @Test
    void folderThatCannotBeUsedIsToldOnceAndTheTunnelOpens(@TempDir Path folder) throws Exception {
        options =
                options.withStateFolder(Files.createFile(folder.resolve("file")).resolve("culvert"));

        online("web", TunnelOptions.http(3000));

        String notice = listener.nextNotice();
        assertTrue(notice.startsWith("cannot keep names and secret in "), notice);
    }

    @Test
    void agentThatStartsAgainHasItsNameAndItsSecretAgain(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        ScriptedEdge.Greeted first = online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        agent = null;

        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted second = edge.welcome();
        Bind bind = second.grant("-");

        assertEquals("swift-otter", get(opening).name());
        assertEquals("ticket-of-swift-otter", bind.ticket());
        assertEquals(first.hello().secret(), second.hello().secret());
        assertNotEquals(first.hello().instance(), second.hello().instance());
    }

    @Test
    void rememberedNameThatIsInUseIsLeftForAFreshOne(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        agent = null;

        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted lane = edge.welcome();
        assertEquals(
                "swift-otter", lane.refuse(Bound.Code.NAME_IN_USE, "in use").name());
        assertNull(lane.grant("calm-heron").name());

        assertEquals("calm-heron", get(opening).name());
    }

    @Test
    void nameThatAnEarlierLifeOfTheAgentStillHasIsWaitedFor() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000).withName("shop"));
        ScriptedEdge.Greeted lane = edge.welcome();

        lane.refuse(Bound.Code.NAME_IN_USE, "another agent has it");
        assertEquals(
                "shop",
                lane.refuse(Bound.Code.NAME_IN_USE, "another agent has it").name());
        assertEquals("shop", lane.grant("-").name());

        assertEquals("shop", get(opening).name());
    }

    @Test
    void rememberedNameIsStillThereAfterAnEdgeWasNotReached(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        edge.stop();
        failure(agent().open(TunnelOptions.http(3000)));
        edge.startAgain();

        Future<Tunnel> opening = agent.open(TunnelOptions.http(3000));
        Bind bind = edge.welcome().grant("calm-heron");

        assertEquals("swift-otter", bind.name());
        assertEquals("swift-otter", get(opening).name());
    }

    @Test
    void rememberedNameThatWasLeftMayBeAskedFor(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.refuse(Bound.Code.NAME_IN_USE, "in use");
        lane.grant("calm-heron");
        get(opening);

        Future<Tunnel> other = agent.open(TunnelOptions.http(3001).withName("swift-otter"));
        lane.grant("-");

        assertEquals("swift-otter", get(other).name());
    }

    @Test
    void tunnelThatIsClosedBeforeItsNameIsFoundKeepsNone(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        Vertx busy = Vertx.vertx(new VertxOptions().setWorkerPoolSize(1));
        CountDownLatch free = new CountDownLatch(1);
        Future<Boolean> working = busy.executeBlocking(() -> free.await(10, TimeUnit.SECONDS));
        agent = Agent.on(busy, options, listener);
        Future<Tunnel> closed = agent.open(TunnelOptions.http(3000));
        listener.await(TunnelState.Connecting.class);
        get(listener.lastTunnel().close());
        free.countDown();
        assertTrue(get(working));

        Future<Tunnel> opening = agent.open(TunnelOptions.http(3000));
        edge.welcome().grant("calm-heron");

        assertEquals(AgentException.Code.CLOSED, failure(closed).code());
        assertEquals("swift-otter", get(opening).name());
        get(agent.close());
        agent = null;
        get(busy.close());
    }

    /** One of them may have a password, and the link of the other must not open it. */
    @Test
    void tunnelsToOneFolderHaveTheirOwnNamesAgainInTheOrderOfTheirOpening(@TempDir Path folder) throws Exception {
        String site = Files.createDirectory(folder.resolve("site")).toString();
        options = options.withStateFolder(folder.resolve("state"));
        Map<Integer, String> names = bindTwo(site);
        get(agent.close());
        agent = null;

        assertEquals(names, bindTwo(site));
    }

    private Map<Integer, String> bindTwo(String target) throws Exception {
        List<Future<Tunnel>> opening =
                List.of(agent().open(TunnelOptions.http(target)), agent.open(TunnelOptions.http(target)));
        ScriptedEdge.Greeted lane = edge.welcome();
        Bind first = lane.grant("calm-heron");
        Bind second = lane.grant("swift-otter");
        Set<String> opened =
                Set.of(get(opening.get(0)).name(), get(opening.get(1)).name());
        assertEquals(Set.of("calm-heron", "swift-otter"), opened);
        return Map.of(
                first.id(), first.name() == null ? "calm-heron" : first.name(),
                second.id(), second.name() == null ? "swift-otter" : second.name());
    }

    @Test
    void twoTunnelsToOneTargetDoNotRememberTheSameName(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        online("swift-otter", TunnelOptions.http(3000));
        get(agent.close());
        agent = null;

        Future<Tunnel> one = agent().open(TunnelOptions.http(3000));
        Future<Tunnel> other = agent.open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant("calm-heron");
        lane.grant("calm-heron");

        assertEquals(
                Set.of("swift-otter", "calm-heron"),
                Set.of(get(one).name(), get(other).name()));
    }

    @Test
    void nameIsOnlyForOneTunnelOfAnAgent() throws Exception {
        online("shop", TunnelOptions.http(3000).withName("shop"));

        AgentException failure = failure(agent.open(TunnelOptions.http(3001).withName("shop")));

        assertEquals("this agent has a tunnel named shop already", failure.getMessage());
    }

    @Test
    void nameOfAClosedTunnelMayBeAskedForAgain() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000).withName("shop"));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant("shop");
        get(get(opening).close());
        lane.peer().expect(Frame.UnbindFrame.class);

        Future<Tunnel> again = agent.open(TunnelOptions.http(3001).withName("shop"));
        lane.grant("shop");

        assertEquals("shop", get(again).name());
    }

    @Test
    void nameThatAnOlderOwnerTookBackIsReplacedUnlessItWasAskedFor() throws Exception {
        ScriptedEdge.Greeted lane = online("swift-otter", TunnelOptions.http(3000));

        lane.peer().send(new Frame.UnbindFrame(new Unbind(1, CloseReason.NOT_HELD, "an older owner is back")));
        assertEquals("swift-otter", lane.refuse(Bound.Code.NAME_TAKEN, "taken").name());
        assertNull(lane.grant("calm-heron").name());

        assertEquals("calm-heron", listener.await(TunnelState.Connected.class).name());
    }

    @Test
    void oneNodeGetsOneLane() throws Exception {
        online("web", TunnelOptions.http(3000));

        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void secondNodeGetsALaneWithTheSameName() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted first = edge.welcome("node-1", 3);
        first.grant("web");
        ScriptedEdge.Greeted second = edge.welcome("node-2", 3);
        Bind bind = second.grant("another");

        assertEquals("web", get(opening).name());
        assertEquals("web", bind.name());
        assertEquals("ticket-of-web", bind.ticket());
        assertEquals(List.of(first.lane()), second.hello().lanes());
        assertFalse(edge.door().isDialedWithin(A_WHILE), "two lanes are what was asked for");
    }

    @Test
    void lossOfOneOfTwoLanesIsNoLoss() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted first = edge.welcome("node-1", 2);
        first.grant("web");
        ScriptedEdge.Greeted second = edge.welcome("node-2", 2);
        second.grant("web");
        Tunnel tunnel = get(opening);

        first.peer().close();
        ScriptedEdge.Greeted third = edge.welcome("node-1", 2);
        third.grant("web");

        assertEquals(List.of(second.lane()), third.hello().lanes());
        assertInstanceOf(TunnelState.Connected.class, tunnel.state());
    }

    @Test
    void whomToLetInIsChangedAtAllNodesOneChangeAfterTheOther() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted first = edge.welcome("node-1", 2);
        first.grant("web");
        ScriptedEdge.Greeted second = edge.welcome("node-2", 2);
        second.grant("web");
        Tunnel tunnel = get(opening);
        listener.await(TunnelState.Connected.class);

        Future<Void> changed = tunnel.admit(ANN);
        Bind asked = first.peer().expect(Frame.BindFrame.class).bind();
        tunnel.admit(BOB);
        first.grant(asked, "web"); // Until here the change has to wait for its turn.
        Bind later = first.peer().expect(Frame.BindFrame.class).bind();
        assertFalse(changed.isComplete());
        first.grant(later, "web");
        // It may have been asked before or after the second wish, and ends with that in any case.
        if (second.grant("web").visitors().passwords().equals(ANN.hashes())) {
            assertEquals(BOB.hashes(), second.grant("web").visitors().passwords());
        }

        get(changed);
        assertEquals(ANN.hashes(), asked.visitors().passwords());
        assertEquals(BOB.hashes(), later.visitors().passwords());
        assertTrue(asked.changes() && later.changes());
        assertEquals(BOB, tunnel.options().admission());
        first.peer().close();
        Bind again = edge.welcome("node-1", 2).grant("web");
        assertEquals(BOB.hashes(), again.visitors().passwords());
        assertFalse(again.changes());
    }

    @Test
    void howMuchATunnelTakesIsChangedWhileItIsOpen() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000).withRate(Rate.parse("5/s")));
        Tunnel tunnel = listener.lastTunnel();

        Future<Void> changed = tunnel.limit(Rate.parse("600/m"));
        assertEquals("600/m", lane.grant("web").rate());
        get(changed);

        Future<Void> lifted = tunnel.limit(null);
        assertNull(lane.grant("web").rate());
        get(lifted);
        assertNull(tunnel.options().rate());
    }

    @Test
    void changeThatTheEdgeRefusesIsToldOnceAndAskedForAgain() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));
        Tunnel tunnel = listener.lastTunnel();

        Future<Void> changed = tunnel.admit(ANN);
        lane.refuse(Bound.Code.NOT_OFFERED, "not here");
        lane.refuse(Bound.Code.NOT_OFFERED, "not here");
        lane.grant("web");
        get(changed);

        assertEquals("the edge lets visitors of web in as before (not here); it is asked again", listener.nextNotice());
        assertInstanceOf(TunnelState.Connected.class, tunnel.state());
        get(tunnel.admit(ANN)); // Nothing to ask
        Future<Void> unanswered = tunnel.admit(BOB);
        get(tunnel.close());
        assertEquals(AgentException.Code.CLOSED, failure(unanswered).code());
        assertEquals(AgentException.Code.CLOSED, failure(tunnel.admit(ANN)).code());
        assertEquals(0, listener.notices());
    }

    @Test
    void changeWhileNoEdgeIsThereHoldsFromTheReconnectOn() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));
        edge.stop();
        lane.peer().close();
        listener.await(TunnelState.Reconnecting.class);

        Future<Void> changed = listener.lastTunnel().admit(ANN);
        edge.startAgain();

        assertEquals(ANN.hashes(), edge.welcome().grant("web").visitors().passwords());
        get(changed);
    }

    @Test
    void whoSpeaksNoHttpCannotBeAskedForAPassword() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp(22));
        edge.welcome().grantPort(2222);
        Tunnel tunnel = get(opening);

        assertThrows(IllegalArgumentException.class, () -> tunnel.admit(ANN));
    }

    @Test
    void furtherLanesLeaveNothingOnTheCallersVertx() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        edge.welcome("node-1", 2).grant("web");
        edge.welcome("node-2", 2).grant("web");
        get(opening);

        get(agent.close());

        assertEquals(Set.of(), vertx.deploymentIDs());
    }

    @Test
    void balancerThatLeadsToTheSameNodeIsAcceptedAfterAFewTries() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        edge.welcome("node-1", 2).grant("web");
        get(opening);

        for (int i = 0; i < 3; i++) {
            edge.refuse(CloseReason.ALREADY_HERE, "node-1 has a lane");
        }

        assertEquals(
                "the edge has 2 nodes, but each connection leads to one that is connected already; going on with 1",
                listener.nextNotice());
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void withoutReconnectTheTunnelGoesOffline() throws Exception {
        options = options.withReconnect(Reconnect.NONE);
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().close();

        listener.await(TunnelState.Offline.class);
        assertFalse(edge.door().isDialedWithin(A_WHILE));
        Future<Tunnel> again = agent.open(TunnelOptions.http(3000).withName("web"));
        edge.welcome().grant("-");
        assertEquals("web", get(again).name());
    }

    @Test
    void nameThatTheEdgeTakesAwayIsOffline() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));

        lane.peer().send(new Frame.UnbindFrame(new Unbind(1, CloseReason.REPLACED, "an older owner is back")));

        assertEquals(
                "an older owner is back",
                listener.await(TunnelState.Offline.class).why());
        lane.open(2, "web");
        assertEquals(CloseReason.NOT_HELD, lane.peer().await(Frame.Reset.class).reason());
    }

    @Test
    void closedTunnelGivesItsNameBackAndClosedAgentDoesNot() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(3000));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant("one");
        Future<Tunnel> openingOther = agent.open(TunnelOptions.http(3001));
        lane.grant("two");
        get(openingOther);

        get(get(opening).close());
        assertEquals(1, lane.peer().expect(Frame.UnbindFrame.class).unbind().id());
        get(agent.close());
        assertEquals(CloseReason.CLOSED, lane.peer().expect(Frame.GoAway.class).reason());
        lane.peer().expectEnd();
    }

    @Test
    void requestUnderWayIsAnsweredAlthoughTheAgentStops() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(target.getLocalPort()));
            lane.open(2, "web").peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
            try (Socket accepted = target.accept()) {
                accepted.getInputStream().readNBytes(18);

                Future<Void> closed = agent.close();
                lane.peer().expectGoAway(CloseReason.DRAINING);
                accepted.getOutputStream().write("HTTP/1.1 204 No Content\r\n\r\n".getBytes(StandardCharsets.UTF_8));

                assertEquals("HTTP/1.1 204 No Content\r\n\r\n", lane.peer().expectText(2, 27));
                lane.peer().expectGoAway(CloseReason.CLOSED);
                get(closed);
            }
        }
    }

    @Test
    void agentThatStopsIsGoneWithItsLastAnswer() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(target.getLocalPort()));
            lane.open(2, "web");
            try (Socket accepted = target.accept()) {
                long before = System.nanoTime();
                Future<Void> closed = agent.close();
                lane.peer().expectGoAway(CloseReason.DRAINING);
                accepted.getOutputStream().write('x');
                accepted.shutdownOutput();
                assertEquals("x", lane.peer().expectText(2, 1));

                lane.peer().send(new Frame.Fin(2, 0));

                lane.peer().expectGoAway(CloseReason.CLOSED);
                get(closed);
                long millis = (System.nanoTime() - before) / 1_000_000;
                assertTrue(millis < 1000, "it took its whole second, %d ms".formatted(millis));
            }
        }
    }

    @Test
    void agentThatStopsIsGoneOnceTheEdgeHasReadItsLastWords() throws Exception {
        ScriptedEdge.Greeted lane = online("web", TunnelOptions.http(3000));
        lane.peer().stopReading();

        Future<Void> closed = agent.close();

        assertThrows(
                TimeoutException.class,
                () -> closed.await(200, TimeUnit.MILLISECONDS),
                "it left while its last words were on their way");
        lane.peer().readOn().expectGoAway(CloseReason.CLOSED);
        get(closed);
    }

    @Test
    void targetThatIsTheEdgeItselfIsRefusedBeforeADial() throws Exception {
        AgentException failure =
                failure(agent().open(TunnelOptions.http(edge.door().port())));

        assertEquals(AgentException.Code.LOOP, failure.code());
        assertFalse(edge.door().isDialedWithin(A_WHILE));
    }

    @Test
    void targetThatIsTheVisitorsPortIsRefusedAndTheNameGivenBack() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.http(80));
        ScriptedEdge.Greeted lane = edge.welcome();

        lane.grant("web");

        assertEquals(AgentException.Code.LOOP, failure(opening).code());
        lane.peer().expect(Frame.UnbindFrame.class);
    }

    @Test
    void verticleHasItsTunnelsOnlineOnceDeployed() throws Exception {
        AgentVerticle verticle = new AgentVerticle(options, List.of(TunnelOptions.http(3000)), AgentListener.NONE);

        Future<String> deploying = vertx.deployVerticle(verticle);
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant("web");
        String id = get(deploying);

        assertFalse(lane.hello().events());
        assertEquals("web", verticle.tunnels().get(0).name());
        get(vertx.undeploy(id));
        lane.peer().expectGoAway(CloseReason.CLOSED);
    }

    private Agent agent() {
        agent = Agent.on(vertx, options, listener);
        return agent;
    }

    private ScriptedEdge.Greeted online(String name, TunnelOptions wanted) throws Exception {
        Future<Tunnel> opening = agent().open(wanted);
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grant(name);
        get(opening);
        listener.await(TunnelState.Connected.class);
        return lane;
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage()
                .toCompletableFuture()
                .get(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static AgentException failure(Future<?> future) {
        ExecutionException failure = assertThrows(ExecutionException.class, () -> get(future));
        return assertInstanceOf(AgentException.class, failure.getCause());
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
