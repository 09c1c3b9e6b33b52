package dev.culvert.edge.lanes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.StreamRequest;
import dev.culvert.wire.Unbind;
import dev.culvert.wire.Welcome;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LanesTest {
    private final Vertx vertx = Vertx.vertx();
    private final EventLoop visitors = new DefaultEventLoop();
    private final Names names = new Names();
    private final Doorman doorman = new Doorman();
    private final Lanes lanes = new Lanes(
            names,
            doorman,
            new Binder(names, Offer.ofHttp("example.com", host -> url(host)), () -> ReservedNames.NONE),
            LaneOptions.DEFAULT,
            new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes()),
            4);
    private volatile Error urlFault;
    private int port;

    @BeforeEach
    void listen() {
        port = lanes.listen(vertx, "127.0.0.1", 0).await().actualPort();
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        visitors.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    @Test
    void agentIsWelcomedAndGetsTheNameItAsksFor() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            Welcome welcome = greet(agent, "one");
            assertEquals(Hello.VERSION, welcome.version());
            assertEquals("this-node", welcome.node());

            Bound bound = bind(agent, "hello");

            assertEquals("host:hello.example.com", bound.tunnel());
            assertEquals("hello", bound.name());
            assertEquals("https://hello.example.com", bound.url());
            assertEquals(
                    Set.of(new Claim("this-node", welcome.lane(), "one")),
                    names.find(TunnelKey.ofHost("hello.example.com")).claims());
        }
    }

    @Test
    void agentWithoutAWishGetsAReadableName() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            Bound bound = bind(agent, null);
            assertTrue(bound.name().matches("[a-z]+-[a-z]+-[0-9a-z]{5}"), bound.name());
        }
    }

    @Test
    void streamOfAVisitorReachesTheAgentThatHasTheName() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            TunnelKey key = new TunnelKey(bind(agent, "hello").tunnel());

            openAndSay(key, "hi");

            Frame.Open open = agent.await(Frame.Open.class);
            assertEquals(key.value(), open.request().tunnel());
            assertEquals("hi", agent.expectText(open.streamId(), 2));
        }
    }

    @Test
    void nameThatAnotherOwnerHasIsRefusedInTheRegistrysWords() throws Exception {
        names.refusal = new NameRefusedException(Bound.Code.NAME_TAKEN, "'hello' belongs to somebody else");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            Bound.Refusal refusal = bind(agent, "hello").refusal();
            assertEquals(Bound.Code.NAME_TAKEN, refusal.code());
            assertEquals("'hello' belongs to somebody else", refusal.message());
        }
    }

    @Test
    void namesThatVisitorsCouldNotReachAreRefused() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            for (String name :
                    List.of("Hello", "-a", "a_b", "a.b.example.com", "example.com", "", "a..b", "x".repeat(64))) {
                assertEquals(
                        Bound.Code.NAME_INVALID, bind(agent, name).refusal().code(), name);
            }
        }
    }

    @Test
    void nameThatTheIdentityMayNotHaveIsNotEvenAskedFor() throws Exception {
        doorman.names = new NamePatterns(List.of("team-*"));
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            assertEquals(Bound.Code.NOT_ALLOWED, bind(agent, "hello").refusal().code());
            assertEquals("team-hello", bind(agent, "team-hello").name());
            assertEquals(Set.of(TunnelKey.ofHost("team-hello.example.com")), names.tunnels.keySet());
        }
    }

    @Test
    void hostValueThatWouldSmuggleAFieldIsRefused() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            for (String value : List.of("a\r\nX-Evil: 1", "a b", "ä", "x".repeat(256))) {
                agent.send(new Frame.BindFrame(new Bind(
                        1, "http", "hello", 0, null, false, value, "3000", 0, Bind.Visitors.EVERYBODY, false)));
                assertEquals(
                        Bound.Code.NOT_ALLOWED,
                        agent.await(Frame.BoundFrame.class).bound().refusal().code(),
                        value);
            }
        }
    }

    @Test
    void kindThatIsNotOfferedIsRefused() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            agent.send(new Frame.BindFrame(new Bind(
                    1, "carrier-pigeon", "a", 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false)));
            assertEquals(
                    Bound.Code.NOT_OFFERED,
                    agent.await(Frame.BoundFrame.class).bound().refusal().code());
        }
    }

    @Test
    void agentOfAnotherVersionIsToldSo() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            agent.send(new Frame.HelloFrame(new Hello(List.of(7, 8), "", "one", List.of(), null, "s", 65536, false)));
            Frame.GoAway goAway = agent.expectGoAway(CloseReason.VERSION_MISMATCH);
            assertTrue(goAway.detail().contains("[7, 8]"), goAway.detail());
            agent.expectEnd();
        }
    }

    @Test
    void agentThatIsNotKnownIsTurnedAwayInWords() throws Exception {
        doorman.refusal = new UnauthorizedException("this token is not known here");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            agent.send(new Frame.HelloFrame(hello("one", List.of())));
            assertEquals(
                    "this token is not known here",
                    agent.expectGoAway(CloseReason.UNAUTHORIZED).detail());
            agent.expectEnd();
        }
    }

    @Test
    void agentIsCountedAsANewcomerUntilItGreets() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            await().until(() -> lanes.newcomers().count() == 1);

            greet(agent, "one");

            assertEquals(0, lanes.newcomers().count());
        }
    }

    @Test
    void agentThatComesByAnotherDoorIsANewcomerToo() {
        EmbeddedChannel channel = new EmbeddedChannel();

        lanes.accept(channel);
        assertEquals(1, lanes.newcomers().count());

        channel.close();
        assertEquals(0, lanes.newcomers().count());
        channel.finishAndReleaseAll();
    }

    @Test
    void agentThatBindsBeforeItGreetsIsCutOff() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            agent.send(new Frame.BindFrame(
                    new Bind(1, "http", "a", 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false)));
            agent.expectGoAway(CloseReason.PROTOCOL_ERROR);
            agent.expectEnd();
        }
        assertEquals(Set.of(), names.tunnels.keySet());
    }

    @Test
    void agentThatOpensAStreamHasItReset() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            StreamRequest request = new StreamRequest("host:x", StreamRequest.Kind.HTTP, "", 0, 0);
            agent.send(new Frame.Open(1, request, 65536, 65536));
            assertEquals(
                    CloseReason.PROTOCOL_ERROR, agent.await(Frame.Reset.class).reason());
            assertEquals("hello", bind(agent, "hello").name());
        }
    }

    @Test
    void newLaneOfAnAgentReplacesTheOneItDoesNotList() throws Exception {
        try (ScriptedPeer dead = ScriptedPeer.connect(port);
                ScriptedPeer alive = ScriptedPeer.connect(port)) {
            String first = greet(dead, "one").lane();
            TunnelKey key = new TunnelKey(bind(dead, "hello").tunnel());

            String second = greet(alive, "one").lane();
            assertNotEquals(first, second);
            dead.expectGoAway(CloseReason.REPLACED);
            bind(alive, "hello");

            assertEquals(
                    List.of(second),
                    lanes.holdersOf(key).stream().map(Lanes.Holder::lane).toList());
            openAndSay(key, "hi");
            assertEquals("hi", alive.expectText(alive.await(Frame.Open.class).streamId(), 2));
        }
    }

    @Test
    void ownerHasHalfOfAllLanesAtMostAndOthersAreLetIn() throws Exception {
        try (ScriptedPeer first = ScriptedPeer.connect(port);
                ScriptedPeer second = ScriptedPeer.connect(port);
                ScriptedPeer third = ScriptedPeer.connect(port);
                ScriptedPeer bobs = ScriptedPeer.connect(port);
                ScriptedPeer again = ScriptedPeer.connect(port)) {
            greet(first, "one");
            greet(second, "two");

            third.send(new Frame.HelloFrame(hello("three", List.of())));
            String why = third.expectGoAway(CloseReason.OVERLOADED).detail();
            assertTrue(why.contains("half as many"), why);
            third.expectEnd();
            await().until(() -> lanes.closes().of(CloseReason.OVERLOADED) == 1);

            greet(again, "two"); // In the place of its earlier one.
            second.expectGoAway(CloseReason.REPLACED);
            doorman.owner = "bob";
            greet(bobs, "one");
            assertEquals(3, lanes.count());
        }
        await().until(() -> lanes.count() == 0);
    }

    @Test
    void agentIsTurnedAwayWhereThereAreAsManyAsThereIsRoomForAndLetInWhenOneHasLeft() throws Exception {
        List<ScriptedPeer> here = new ArrayList<>();
        try (ScriptedPeer late = ScriptedPeer.connect(port);
                ScriptedPeer later = ScriptedPeer.connect(port)) {
            for (String owner : List.of("alice", "bob", "carol", "dave")) {
                doorman.owner = owner;
                ScriptedPeer agent = ScriptedPeer.connect(port);
                here.add(agent);
                greet(agent, "one");
            }
            doorman.owner = "erin";
            late.send(new Frame.HelloFrame(hello("one", List.of())));
            String why = late.expectGoAway(CloseReason.OVERLOADED).detail();
            assertTrue(why.contains("as many agents as it has room for"), why);

            here.remove(0).close();
            await().until(() -> lanes.count() == 3);
            greet(later, "one");
        } finally {
            for (ScriptedPeer agent : here) {
                agent.close();
            }
        }
    }

    @Test
    void secondLaneThatListsTheFirstIsSentElsewhere() throws Exception {
        try (ScriptedPeer first = ScriptedPeer.connect(port);
                ScriptedPeer second = ScriptedPeer.connect(port)) {
            String lane = greet(first, "one").lane();
            second.send(new Frame.HelloFrame(hello("one", List.of(lane))));
            second.expectGoAway(CloseReason.ALREADY_HERE);
            second.expectEnd();
            assertEquals("hello", bind(first, "hello").name());
        }
    }

    @Test
    void agentWhoseTokenEndsIsAskedToComeAgainAndServedMeanwhile() throws Exception {
        doorman.ends = Instant.now().plusMillis(200);
        try (ScriptedPeer agent = ScriptedPeer.connect(port);
                ScriptedPeer again = ScriptedPeer.connect(port)) {
            String lane = greet(agent, "one").lane();
            TunnelKey key = new TunnelKey(bind(agent, "hello").tunnel());

            assertEquals(
                    "the token has expired; come again with another",
                    agent.expectGoAway(CloseReason.DRAINING).detail());
            assertEquals(Bound.Code.DRAINING, bind(agent, "more").refusal().code());
            openAndSay(key, "hi");
            int open = agent.await(Frame.Open.class).streamId();
            assertEquals("hi", agent.expectText(open, 2));

            doorman.ends = null;
            again.send(new Frame.HelloFrame(hello("one", List.of(lane))));
            again.await(Frame.WelcomeFrame.class);
            assertEquals("hello", bind(again, "hello").name());
            agent.send(new Frame.GoAway(CloseReason.DRAINING, open, List.of(), "moved"));
            awaitRead(agent);
            openAndSay(key, "anew");
            assertEquals("anew", again.expectText(again.await(Frame.Open.class).streamId(), 4));
            agent.expectNothingFor(Duration.ofMillis(1500)); // What a visitor is in the midst of goes on.
            assertEquals(2, lanes.count());

            agent.send(new Frame.Reset(open, CloseReason.TARGET_FAILED, 0, ""));
            agent.expectGoAway(CloseReason.DRAINING);
            agent.expectEnd();
            await().until(() -> lanes.count() == 1);
        }
    }

    /** Nobody was told of its lane, because there was none yet. */
    @Test
    void agentWhoseTokenWasWithdrawnWhileItWasLookedAtIsNotWelcome() throws Exception {
        doorman.withdrawn = true;
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            agent.send(new Frame.HelloFrame(hello("one", List.of())));

            agent.expectGoAway(CloseReason.UNAUTHORIZED);
            agent.expectEnd();
        }
        await().until(() -> lanes.count() == 0);
    }

    @Test
    void agentThatStaysAfterItsTokenHasEndedIsCutOff() throws Exception {
        doorman.ends = Instant.now().minusSeconds(301);
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");

            agent.expectGoAway(CloseReason.DRAINING);
            assertEquals(
                    "the token expired 5 minutes ago",
                    agent.expectGoAway(CloseReason.UNAUTHORIZED).detail());
            agent.expectEnd();
        }
    }

    @Test
    void agentThatCannotBeToldApartYetIsToldToAskAgain() throws Exception {
        doorman.refusal = new UndecidedException("the issuer is away");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            agent.send(new Frame.HelloFrame(hello("one", List.of())));
            assertEquals(
                    "the issuer is away",
                    agent.expectGoAway(CloseReason.UNDECIDED).detail());
            agent.expectEnd();
        }
    }

    @Test
    void strangerWhoKnowsAnInstanceIdReplacesNobody() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port);
                ScriptedPeer stranger = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            doorman.owner = "mallory";
            greet(stranger, "one");
            assertEquals("hello", bind(agent, "hello").name());
        }
    }

    @Test
    void claimIsReleasedWhenTheLaneEndsAndGivenUpWhenTheAgentSaysSo() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            bind(agent, "kept");
            agent.send(new Frame.BindFrame(
                    new Bind(2, "http", "given", 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false)));
            agent.await(Frame.BoundFrame.class);
            agent.send(new Frame.UnbindFrame(new Unbind(2, CloseReason.CLOSED, "")));
            assertEquals("given up host:given.example.com", names.next());
        }
        assertEquals("released host:kept.example.com", names.next());
        assertEquals(List.of(), lanes.holdersOf(TunnelKey.ofHost("kept.example.com")));
    }

    @Test
    void nameThatIsAskedForAgainByTheSameTunnelStaysServedAndIsGivenBackOnce() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            assertEquals("again", bind(agent, "again").name());
            assertEquals("again", bind(agent, "again").name());
            assertEquals(
                    1, lanes.holdersOf(TunnelKey.ofHost("again.example.com")).size());

            agent.send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "")));

            assertEquals("given up host:again.example.com", names.next());
            assertEquals(List.of(), lanes.holdersOf(TunnelKey.ofHost("again.example.com")));
            assertEquals("next", bind(agent, "next").name());
        }
    }

    @Test
    void nameThatIsGivenUpBeforeItIsGivenIsGivenBack() throws Exception {
        names.answered = Promise.promise();
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "early");
            agent.send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "")));
            awaitRead(agent);
            names.answered.complete();
            assertEquals("given up host:early.example.com", names.next());
            // Then nothing is said of it, and the next name is another matter
            assertEquals("next", bind(agent, "next").name());
        }
    }

    @Test
    void nameThatIsGivenUpAndAskedForAgainAtOnceIsKept() throws Exception {
        names.answered = Promise.promise();
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "again");
            agent.send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "")));
            ask(agent, 2, "again");
            awaitRead(agent);
            names.answered.complete();

            Bound bound = agent.await(Frame.BoundFrame.class).bound();

            assertEquals(2, bound.id());
            assertEquals(1, lanes.to(new TunnelKey(bound.tunnel())).size());
            // Then nothing was given back: the first that is, is the next one
            agent.send(new Frame.UnbindFrame(new Unbind(2, CloseReason.CLOSED, "")));
            assertEquals("given up " + bound.tunnel(), names.next());
            assertEquals(0, names.returned.size());
        }
    }

    @Test
    void nameThatIsGivenUpIsGivenBackWhenAskingForItAgainIsRefused() throws Exception {
        Promise<Void> first = Promise.promise();
        names.answered = first;
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "again");
            agent.send(new Frame.UnbindFrame(new Unbind(1, CloseReason.CLOSED, "")));
            awaitRead(agent);
            Promise<Void> second = Promise.promise();
            names.answered = second;
            ask(agent, 2, "again");
            awaitRead(agent);
            first.complete();
            second.fail(new NameRefusedException(Bound.Code.INTERNAL, "the registry did not answer"));

            assertEquals(2, agent.await(Frame.BoundFrame.class).bound().id());
            assertEquals("given up host:again.example.com", names.next());
        }
    }

    @Test
    void visitorsAreCarriedWhileNodesHearOfTheClaimAndTheAgentIsToldAfterIt() throws Exception {
        names.heard = Promise.promise();
        TunnelKey key = TunnelKey.ofHost("hello.example.com");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "hello");
            await().until(() -> !lanes.to(key).isEmpty());

            openAndSay(key, "hi");

            // Skips nothing but the answer of the keep-alive: BOUND has not come
            assertEquals(key.value(), agent.await(Frame.Open.class).request().tunnel());
            names.heard.complete();
            assertEquals("hello", agent.await(Frame.BoundFrame.class).bound().name());
        }
    }

    @Test
    void claimIsReleasedWhenTheBindFailsAfterIt() throws Exception {
        names.heard = Promise.promise();
        TunnelKey key = TunnelKey.ofHost("hello.example.com");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "hello");
            await().until(() -> !lanes.holdersOf(key).isEmpty());

            names.heard.fail(new NoClassDefFoundError("no ticket"));

            Bound bound = agent.await(Frame.BoundFrame.class).bound();
            assertEquals(Bound.Code.INTERNAL, bound.refusal().code());
            assertEquals(List.of(), lanes.holdersOf(key));
            assertEquals("released " + key, names.next());
        }
    }

    @Test
    void claimIsReleasedWhenTheAgentCannotBeToldOfIt() throws Exception {
        urlFault = new NoClassDefFoundError("Too many open files");
        TunnelKey key = TunnelKey.ofHost("hello.example.com");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");

            Bound bound = bind(agent, "hello");

            assertEquals(Bound.Code.INTERNAL, bound.refusal().code());
            assertEquals(List.of(), lanes.holdersOf(key));
            assertEquals("released " + key, names.next());
            urlFault = null;
            assertEquals("hello", bind(agent, "hello").name());
        }
    }

    @Test
    void ownerWhoseTokenIsWithdrawnLosesItsLanes() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            doorman.revoke();
            agent.expectGoAway(CloseReason.UNAUTHORIZED);
            agent.expectEnd();
        }
    }

    @Test
    void agentIsToldWhenTheOperatorTakesItsTunnelAwayAndKeepsItsOthers() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            TunnelKey taken = new TunnelKey(bind(agent, "hello").tunnel());
            agent.send(new Frame.BindFrame(
                    new Bind(2, "http", "kept", 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false)));
            TunnelKey kept =
                    new TunnelKey(agent.await(Frame.BoundFrame.class).bound().tunnel());

            lanes.takeAway(taken, "by order").await(10, TimeUnit.SECONDS);

            Unbind told = agent.await(Frame.UnbindFrame.class).unbind();
            assertEquals(new Unbind(1, CloseReason.CLOSED, "by order"), told);
            assertEquals("given up " + taken, names.next());
            assertEquals(List.of(), lanes.to(taken));
            assertEquals(1, lanes.to(kept).size());
        }
    }

    @Test
    void tunnelThatIsTakenAwayBeforeAllHaveHeardOfItIsGone() throws Exception {
        names.heard = Promise.promise();
        TunnelKey key = TunnelKey.ofHost("hello.example.com");
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            ask(agent, 1, "hello");
            await().until(() -> !lanes.to(key).isEmpty());

            lanes.takeAway(key, "by order").await(10, TimeUnit.SECONDS);
            names.heard.complete();

            Unbind told = agent.await(Frame.UnbindFrame.class).unbind();
            assertEquals(new Unbind(1, CloseReason.CLOSED, "by order"), told);
            assertEquals(List.of(), lanes.to(key));
        }
    }

    @Test
    void agentIsToldWhenItsNameIsLostToAnOlderOwner() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port)) {
            String lane = greet(agent, "one").lane();
            TunnelKey key = new TunnelKey(bind(agent, "hello").tunnel());

            names.lost.accept(key, new Claim("this-node", lane, "one"));

            assertEquals(
                    CloseReason.NOT_HELD,
                    agent.await(Frame.UnbindFrame.class).unbind().reason());
            assertEquals(List.of(), lanes.holdersOf(key));
        }
    }

    @Test
    void drainingNodeAsksItsAgentsToGoAndServesThemUntilTheyHaveGone() throws Exception {
        try (ScriptedPeer agent = ScriptedPeer.connect(port);
                ScriptedPeer late = ScriptedPeer.connect(port)) {
            greet(agent, "one");
            TunnelKey key = new TunnelKey(bind(agent, "hello").tunnel());

            lanes.drain();

            agent.expectGoAway(CloseReason.DRAINING);
            openAndSay(key, "hi");
            assertEquals("hi", agent.expectText(agent.await(Frame.Open.class).streamId(), 2));
            agent.send(new Frame.GoAway(CloseReason.DRAINING, 2, List.of(), "moved"));
            assertEquals("released " + key, names.next());
            assertEquals(List.of(), lanes.to(names.find(key)));
            late.send(new Frame.HelloFrame(hello("two", List.of())));
            late.expectGoAway(CloseReason.DRAINING);
            late.expectEnd();
        }
    }

    private String url(String host) {
        if (urlFault != null) {
            throw urlFault;
        }
        return "https://" + host;
    }

    private Welcome greet(ScriptedPeer agent, String instance) {
        agent.send(new Frame.HelloFrame(hello(instance, List.of())));
        return agent.await(Frame.WelcomeFrame.class).welcome();
    }

    private static Hello hello(String instance, List<String> lanes) {
        return new Hello(List.of(Hello.VERSION), "test", instance, lanes, null, "secret", 65536, false);
    }

    private static void ask(ScriptedPeer agent, int id, String name) {
        agent.send(new Frame.BindFrame(new Bind(
                id, "http", name, 0, null, false, "preserve", "127.0.0.1:3000", 0, Bind.Visitors.EVERYBODY, false)));
    }

    /** Makes sure that all that was sent before has been read. */
    private static void awaitRead(ScriptedPeer agent) {
        agent.send(new Frame.Ping(7));
        agent.await(Frame.Pong.class);
    }

    private static Bound bind(ScriptedPeer agent, String name) {
        ask(agent, 1, name);
        return agent.await(Frame.BoundFrame.class).bound();
    }

    private void openAndSay(TunnelKey key, String text) {
        visitors.execute(() -> {
            StreamRequest request = new StreamRequest(key.value(), StreamRequest.Kind.HTTP, "", 0, 0);
            TunnelStream stream =
                    lanes.to(names.find(key)).get(0).open(request, visitors).result();
            stream.write(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
        });
    }

    /** Knows everybody, until told otherwise. */
    private static final class Doorman implements Authenticator {
        private volatile NamePatterns names = NamePatterns.ANY;
        private volatile String owner = "alice";
        private volatile Instant ends;
        private volatile RuntimeException refusal;
        private volatile boolean withdrawn;
        private volatile Consumer<Identity> revoked;

        @Override
        public boolean stillCounts(Identity identity) {
            return !withdrawn;
        }

        @Override
        public Future<Identity> authenticate(Hello hello) {
            return refusal == null ? Future.succeededFuture(identity()) : Future.failedFuture(refusal);
        }

        @Override
        public void onRevoked(Consumer<Identity> listener) {
            revoked = listener;
        }

        void revoke() {
            revoked.accept(identity());
        }

        private Identity identity() {
            return new Identity(owner, owner + "'s token", names, ends);
        }
    }

    /** A registry that gives everything to everybody, and notes what comes back. */
    private static final class Names implements Registry {
        private final Map<TunnelKey, Tunnel> tunnels = new ConcurrentHashMap<>();
        private final BlockingQueue<String> returned = new LinkedBlockingQueue<>();
        private volatile NameRefusedException refusal;
        private volatile BiConsumer<TunnelKey, Claim> lost;
        private volatile Promise<Void> answered = done();
        private volatile Promise<Void> heard = done();

        private static Promise<Void> done() {
            Promise<Void> done = Promise.promise();
            done.complete();
            return done;
        }

        String next() throws InterruptedException {
            return returned.poll(10, TimeUnit.SECONDS);
        }

        @Override
        public Tunnel find(TunnelKey key) {
            return tunnels.get(key);
        }

        @Override
        public Future<Optional<Tunnel>> confirm(TunnelKey key) {
            return Future.succeededFuture(Optional.ofNullable(find(key)));
        }

        @Override
        public Collection<Tunnel> tunnels() {
            return tunnels.values();
        }

        @Override
        public int nodes() {
            return 1;
        }

        @Override
        public String nodeId() {
            return "this-node";
        }

        @Override
        public Future<Grant> bind(Request request, Runnable granted) {
            if (refusal != null) {
                return Future.failedFuture(refusal);
            }
            Tunnel tunnel = new Tunnel(
                    request.key(), request.owner(), 1, request.kind(), request.policy(), Set.of(request.claim()), 0);
            tunnels.put(request.key(), tunnel);
            return answered.future()
                    .onSuccess(done -> granted.run())
                    .compose(done -> heard.future())
                    .map(new Grant(tunnel, "a ticket"));
        }

        @Override
        public Future<Void> release(TunnelKey key, Claim claim) {
            returned.add("released " + key);
            return Future.succeededFuture();
        }

        @Override
        public Future<Void> giveUp(TunnelKey key, Claim claim) {
            returned.add("given up " + key);
            return Future.succeededFuture();
        }

        @Override
        public Set<String> members() {
            return Set.of(nodeId());
        }

        @Override
        public Future<Boolean> free(TunnelKey key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<Boolean> handOver(TunnelKey key, Claim claim) {
            return Future.succeededFuture(false);
        }

        @Override
        public void onLost(BiConsumer<TunnelKey, Claim> listener) {
            lost = listener;
        }

        @Override
        public void onClaims(ClaimListener listener) {
            // Nobody is told here.
        }

        @Override
        public Future<Void> close() {
            return Future.succeededFuture();
        }
    }
}
