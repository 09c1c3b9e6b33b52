package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.admission.People;
import dev.culvert.admission.Person;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.UnreadPolicy;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.testkit.LeakFree;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets to a tunnel that does not let in everybody. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class GateTest {
    private static final Admission BY_PASSWORD = Admission.EVERYBODY.withPasswords(
            Set.of(Password.parse("ann:correct: horse"), Password.parse("bj\u00f6rn:correct horse")));

    private static final String PREFLIGHT =
            "OPTIONS /api HTTP/1.1\r\nHost: app.example.com\r\nAccess-Control-Request-Method: PUT\r\n";

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void visitorWithoutPasswordIsAskedForOne() throws Exception {
        ask(door, BY_PASSWORD);

        Answer answer = get(door.visitor(), "");

        assertEquals(401, answer.status());
        assertEquals("Basic realm=\"Culvert\", charset=\"UTF-8\"", answer.field("www-authenticate"));
        assertEquals("password_required", answer.field("culvert-error"));
        assertTrue(answer.body().contains("app.example.com asks for a name and a password"), answer.body());
        assertEquals(0, door.carriers.unseenStreams(), "the agent is not troubled");
        assertEquals(1, door.traffic.answers(4));
    }

    /** What a later release knows: better nobody than everybody. */
    @Test
    void nobodyComesInWhereVisitorsAreRestrictedInAWayThatIsNotKnown() throws Exception {
        UnreadPolicy unread = new UnreadPolicy(Set.of("countries"), Buffer.buffer("as it was written"));
        ask(door, new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, BY_PASSWORD, null, unread));
        Answer answer = get(door.visitor(), authorization("ann:correct: horse"));
        assertEquals(503, answer.status());
        assertEquals("edge_too_old", answer.field("culvert-error"));

        ask(door, new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY, null, unread));
        assertEquals("edge_too_old", get(door.visitor(), "").field("culvert-error"));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorWithPasswordComesInAndTheTargetLearnsTheNameAlone() throws Exception {
        ask(door, BY_PASSWORD);
        RawVisitor visitor = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nCulvert-User: root\r\n%s\r\n"
                        .formatted(authorization("ann:correct: horse")));
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead().toLowerCase(Locale.ROOT);
        target.send("HTTP/1.1 204 No Content\r\n\r\n");

        assertEquals(204, visitor.awaitAnswer().status());
        assertTrue(head.contains("culvert-user: ann\r\n"), head);
        assertFalse(head.contains("authorization"), head);
        assertFalse(head.contains("root"), head);
    }

    /** RFC 7617, 2.1: UTF-8, because we say so. A field cannot have such a name, and it stays away. */
    @Test
    void nameMayHaveAnyLetters() throws Exception {
        ask(door, BY_PASSWORD);
        door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n"
                        .formatted(authorization("bj\u00f6rn:correct horse")));

        String head = door.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);

        assertFalse(head.contains("culvert-user"), head);
    }

    @Test
    void preflightComesInWithoutAPasswordWhereTheTunnelSaysSo() throws Exception {
        ask(door, BY_PASSWORD.withPreflights(true));
        RawVisitor visitor =
                door.visitor().send(PREFLIGHT + "Origin: https://other.example\r\nCulvert-User: root\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead().toLowerCase(Locale.ROOT);
        target.send("HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n");

        Answer answer = visitor.awaitAnswer();
        assertEquals(204, answer.status());
        assertEquals("*", answer.field("access-control-allow-origin"));
        assertFalse(head.contains("culvert-user"), head);
        assertEquals(
                401, get(door.visitor(), "Origin: https://other.example\r\n").status(), "the request itself needs one");
    }

    @Test
    void preflightComesInWithoutASignInAndFromWhereVisitorsMayComeAlone() throws Exception {
        ask(door, Admission.EVERYBODY.withPeople(People.parse("*")).withPreflights(true));
        door.visitor().send(PREFLIGHT + "Origin: https://other.example\r\n\r\n");
        door.carriers.awaitStream();

        ask(door, BY_PASSWORD.withPreflights(true).withNetworks(Networks.parse("192.0.2.0/24")));
        Answer answer = door.visitor()
                .send(PREFLIGHT + "Origin: https://other.example\r\n\r\n")
                .awaitAnswer();
        assertEquals(403, answer.status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                PREFLIGHT + "\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nContent-Length: 2\r\n\r\nhi",
                PREFLIGHT + "Origin: https://other.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nCookie: a=b\r\n\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nAuthorization: Basic YW5uOndyb25nIGhvcnNl\r\n\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nConnection: close, Origin\r\n\r\n",
                PREFLIGHT
                        + "Origin: https://other.example\r\nConnection: a\r\nConnection: access-control-request-method\r\n\r\n",
                PREFLIGHT + "Origin:\r\n\r\n",
                PREFLIGHT + "Origin: https://other.example\r\nOrigin: \r\n\r\n",
                "OPTIONS / HTTP/1.1\r\nHost: app.example.com\r\nAccess-Control-Request-Method: \r\nOrigin: https://other.example\r\n\r\n",
                "OPTIONS / HTTP/1.1\r\nHost: app.example.com\r\nOrigin: https://other.example\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: app.example.com\r\nAccess-Control-Request-Method: PUT\r\nOrigin: https://other.example\r\n\r\n",
            })
    void whatIsNoPreflightNeedsAPasswordAllTheSame(String request) throws Exception {
        ask(door, BY_PASSWORD.withPreflights(true));

        assertEquals(401, door.visitor().send(request).awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    /** As a proxy before the edge sends it that is set up for WebSockets. */
    @ParameterizedTest
    @ValueSource(strings = {"close", "keep-alive", "upgrade"})
    void preflightMaySayOfItsConnectionWhatHidesNothing(String connection) throws Exception {
        ask(door, BY_PASSWORD.withPreflights(true));
        door.visitor().send(PREFLIGHT + "Origin: https://other.example\r\nConnection: " + connection + "\r\n\r\n");

        String head = door.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);

        assertTrue(head.contains("origin: https://other.example\r\n"), head);
        assertTrue(head.contains("access-control-request-method: put\r\n"), head);
    }

    @Test
    void preflightNeedsAPasswordWhereNothingElseWasSaid() throws Exception {
        ask(door, BY_PASSWORD);

        Answer answer = door.visitor()
                .send(PREFLIGHT + "Origin: https://other.example\r\n\r\n")
                .awaitAnswer();
        assertEquals(401, answer.status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authorization: Basic YW5uOndyb25nIGhvcnNl\r\n", // ann:wrong horse
                "Authorization: Basic\r\n",
                "Authorization: Basic =\r\n",
                "Authorization: Basic \u00ff\u00ff\u00ff\u00ff\r\n",
                "Authorization: Bearer Y29ycmVjdCBob3JzZQ==\r\n",
                "Authorization: Basic YW5uOmNvcnJlY3Q6IGhvcnNl\r\nAuthorization: Basic YW5uOmNvcnJlY3Q6IGhvcnNl\r\n",
                "Proxy-Authorization: Basic YW5uOmNvcnJlY3Q6IGhvcnNl\r\n",
            })
    void whatIsNotTheirsLetsNobodyIn(String field) throws Exception {
        ask(door, BY_PASSWORD);

        assertEquals(401, get(door.visitor(), field).status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void passwordOfATunnelWithoutAnyIsTheTargets() throws Exception {
        door.visitor().send("GET / HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n".formatted(authorization("ann:own")));

        String head = door.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);

        assertTrue(head.contains("authorization: basic "), head);
    }

    @Test
    void eachRequestOfAConnectionIsLookedAt() throws Exception {
        ask(door, BY_PASSWORD);
        RawVisitor visitor = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n"
                        .formatted(authorization("ann:correct: horse")));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        visitor.awaitAnswer();

        assertEquals(401, get(visitor, "").status());
    }

    @Test
    void whoGuessesIsShutOutEvenWithTheRightPassword() throws Exception {
        ask(door, BY_PASSWORD);
        RawVisitor visitor = door.visitor();
        for (int i = 0; i < WrongPasswords.RATE.count(); i++) {
            assertEquals(
                    "password_wrong",
                    get(visitor, authorization("ann:guess " + i)).field("culvert-error"));
        }

        Answer answer = get(visitor, authorization("ann:correct: horse"));

        assertEquals(429, answer.status());
        assertEquals("too_many_passwords", answer.field("culvert-error"));
        assertTrue(Integer.parseInt(answer.field("retry-after")) <= 3, answer.head());
        assertEquals(401, get(visitor, "").status(), "to be asked is no guess");
    }

    @Test
    void sameWrongPasswordAgainIsNoGuessAndElsewhereNobodyIsShutOut() throws Exception {
        ask(door, BY_PASSWORD);
        RawVisitor visitor = door.visitor();
        for (int i = 0; i <= WrongPasswords.RATE.count(); i++) {
            assertEquals(401, get(visitor, authorization("ann:yesterday's")).status());
        }
        for (int i = 0; i < WrongPasswords.RATE.count(); i++) {
            get(visitor, authorization("ann:guess " + i));
        }
        assertEquals(429, get(visitor, authorization("ann:correct: horse")).status());

        door.registry.know(FakeRegistry.tunnel(
                "other.example.com",
                new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, BY_PASSWORD),
                Set.of(FakeRegistry.CLAIM)));
        visitor.send(
                "GET / HTTP/1.1\r\nHost: other.example.com\r\n%s\r\n".formatted(authorization("ann:correct: horse")));
        door.carriers.awaitStream();
    }

    @Test
    void targetLearnsTheNameWhateverConnectionSays() throws Exception {
        ask(door, BY_PASSWORD);
        door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: authorization\r\n%s\r\n"
                        .formatted(authorization("ann:correct: horse")));

        String head = door.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);

        assertTrue(head.contains("culvert-user: ann\r\n"), head);
    }

    /** Java has one character for all that is no UTF-8: as a password it would be any. */
    @Test
    void bytesThatAreNoUtf8AreNoPassword() throws Exception {
        ask(door, Admission.EVERYBODY.withPasswords(Set.of(Password.of("ann:\ufffd\ufffd\ufffd\ufffd12"))));
        byte[] bytes = "ann:\u00ff\u00ff\u00ff\u00ff12".getBytes(StandardCharsets.ISO_8859_1);

        Answer answer = get(
                door.visitor(),
                "Authorization: Basic %s\r\n".formatted(Base64.getEncoder().encodeToString(bytes)));

        assertEquals(401, answer.status());
    }

    @Test
    void trailerIsNoPlaceForAPassword() throws Exception {
        door.visitor()
                .send("POST / HTTP/1.1\r\nHost: app.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "0\r\nAuthorization: x\r\nCookie: culvert-session=x\r\nX-Sum: 1\r\n\r\n");

        String body = door.carriers.awaitStream().awaitText("X-Sum: 1\r\n").toLowerCase(Locale.ROOT);

        assertFalse(body.contains("authorization") || body.contains("cookie"), body);
    }

    @Test
    void proxyIsNotShutOutForAVisitorThatItDoesNotName() throws Exception {
        try (Door trusting = Door.open(Door.options(InetAddress::isLoopbackAddress))) {
            ask(trusting, BY_PASSWORD);
            RawVisitor proxy = trusting.visitor();
            for (int i = 0; i <= WrongPasswords.RATE.count(); i++) {
                assertEquals(401, get(proxy, authorization("ann:guess " + i)).status());
            }
        }
    }

    @Test
    void visitorOfAnotherNetworkIsToldItsAddress() throws Exception {
        ask(door, Admission.EVERYBODY.withNetworks(Networks.parse("192.0.2.0/24,::1")));

        Answer answer = get(door.visitor(), "");

        assertEquals(403, answer.status());
        assertEquals("address_not_admitted", answer.field("culvert-error"));
        assertTrue(answer.body().contains("127.0.0.1"), answer.body());
        assertNull(answer.field("www-authenticate"));
    }

    @Test
    void behindAProxyItIsTheVisitorsNetworkThatCounts() throws Exception {
        try (Door trusting = Door.open(Door.options(InetAddress::isLoopbackAddress))) {
            ask(trusting, Admission.EVERYBODY.withNetworks(Networks.parse("192.0.2.0/24")));

            assertEquals(
                    403,
                    get(trusting.visitor(), "X-Forwarded-For: 192.0.2.1, 203.0.113.1\r\n")
                            .status());
            trusting.visitor().send("GET / HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
            trusting.carriers.awaitStream();
        }
    }

    @Test
    void upgradeIsLookedAtAsWell() throws Exception {
        ask(door, BY_PASSWORD);

        assertEquals(
                401,
                get(door.visitor(), "Connection: Upgrade\r\nUpgrade: websocket\r\n")
                        .status());
    }

    @Test
    void whoHasSignedInComesInWhereItIsOneOfThem() throws Exception {
        try (Door signing = Door.open(Door.options(), new PlayedSignIn())) {
            ask(signing, Admission.EVERYBODY.withPeople(People.parse("*@example.com")));

            signing.visitor()
                    .send(
                            "GET / HTTP/1.1\r\nHost: app.example.com\r\nCulvert-User: root\r\nSigned-In: Ann@example.com\r\nCookie: culvert-session=x\r\n"
                                    + "Authorization: Basic b3duOm93bg==\r\n\r\n");
            String head = signing.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);
            assertTrue(head.contains("culvert-user: ann@example.com\r\n"), head);
            assertTrue(head.contains("authorization: basic b3duom93bg=="), "the target's own");
            assertFalse(head.contains("culvert-session"), head);

            Answer answer = get(signing.visitor(), "Signed-In: eve@example.org\r\n");
            assertEquals(403, answer.status());
            assertEquals("person_not_admitted", answer.field("culvert-error"));
            assertTrue(answer.body().contains("eve@example.org is none of them"), answer.body());

            Answer other = get(signing.visitor(), "");
            assertEquals("sign_in_required", other.field("culvert-error"));
            assertEquals("a=b", other.field("set-cookie"));
            assertEquals(0, signing.carriers.unseenStreams());
        }
    }

    @Test
    void whoBelongsToAGroupComesInByIt() throws Exception {
        try (Door signing = Door.open(Door.options(), new PlayedSignIn())) {
            ask(signing, Admission.EVERYBODY.withPeople(People.parse("group:staff")));

            signing.visitor().send("""
                    GET / HTTP/1.1\r
                    Host: app.example.com\r
                    Signed-In: ann@example.com\r
                    Of-Group: staff\r
                    \r
                    """);
            String head = signing.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);
            assertTrue(head.contains("culvert-user: ann@example.com\r\n"), head);

            Answer answer = get(signing.visitor(), "Signed-In: group:staff\r\nOf-Group: guests\r\n");
            assertEquals("person_not_admitted", answer.field("culvert-error"));
            assertEquals(0, signing.carriers.unseenStreams());
        }
    }

    @Test
    void passwordIsAnotherWayInForThoseWhoCannotSignIn() throws Exception {
        try (Door signing = Door.open(Door.options(), new PlayedSignIn())) {
            ask(signing, BY_PASSWORD.withPeople(People.parse("ann@example.com")));

            signing.visitor()
                    .send("GET / HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n"
                            .formatted(authorization("ann:correct: horse")));
            String head = signing.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);
            assertTrue(head.contains("culvert-user: ann\r\n"), head);

            assertEquals(
                    401,
                    get(signing.visitor(), authorization("ann:wrong horse")).status());
            assertEquals("sign_in_required", get(signing.visitor(), "").field("culvert-error"));
        }
    }

    @Test
    void pathsOfTheSignInNeverReachTheTarget() throws Exception {
        try (Door signing = Door.open(Door.options(), new PlayedSignIn())) {
            ask(signing, Admission.EVERYBODY.withPeople(People.parse("*")));

            Answer own = answer(signing, "GET /own HTTP/1.1\r\nHost: app.example.com\r\nSigned-In: ann\r\n\r\n");
            assertEquals("sign_in_required", own.field("culvert-error"));
            assertEquals(0, signing.carriers.unseenStreams());

            Answer back = answer(signing, "GET /back HTTP/1.1\r\nHost: example.com\r\n\r\n");
            assertEquals(303, back.status());
            assertEquals("https://app.example.com/", back.field("location"));
        }
    }

    @Test
    void visitorWhoLeavesBeforeTheProviderHasAnsweredIsForgotten() throws Exception {
        PlayedSignIn signIn = new PlayedSignIn();
        try (Door signing = Door.open(Door.options(), signIn)) {
            ask(signing, Admission.EVERYBODY.withPeople(People.parse("*")));
            RawVisitor leaving = signing.visitor().send("GET /late HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
            RawVisitor staying = signing.visitor().send("GET /late HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
            leaving.close();

            signIn.late.complete(new SignIn.Answer(Reply.goOn("https://id.example.com/")));

            assertEquals(303, staying.awaitAnswer().status());
            assertEquals("sign_in_required", get(staying, "").field("culvert-error"), "its connection goes on");
        }
    }

    private static Answer answer(Door door, String request) throws Exception {
        return door.visitor().send(request).awaitAnswer();
    }

    @Test
    void networkIsLookedAtFirst() throws Exception {
        try (Door signing = Door.open(Door.options(), new PlayedSignIn())) {
            ask(
                    signing,
                    Admission.EVERYBODY
                            .withNetworks(Networks.parse("192.0.2.0/24"))
                            .withPeople(People.parse("ann@example.com")));

            assertEquals(
                    "address_not_admitted",
                    get(signing.visitor(), "Signed-In: ann@example.com\r\n").field("culvert-error"));
        }
    }

    @Test
    void edgeWithoutAProviderLetsNobodyIn() throws Exception {
        ask(door, Admission.EVERYBODY.withPeople(People.parse("*")));

        Answer answer = get(door.visitor(), "");

        assertEquals(503, answer.status());
        assertEquals("sign_in_unavailable", answer.field("culvert-error"));
    }

    /** Takes visitors' word for it. */
    private static final class PlayedSignIn implements SignIn {
        private final Promise<SignIn.Answer> late = Promise.promise();

        @Override
        public boolean knowsGroups() {
            return true;
        }

        @Override
        public @Nullable Person visitor(Question question) {
            String name = question.headers().get("signed-in");
            return name == null
                    ? null
                    : new Person(name, Set.copyOf(question.headers().getAll("of-group")));
        }

        @Override
        public boolean isOwnPath(String target) {
            return target.equals("/own");
        }

        @Override
        public Future<SignIn.Answer> answer(Question question) {
            if (question.target().equals("/late")) {
                return late.future();
            }
            Reply reply = new Reply(HttpResponseStatus.FORBIDDEN, "sign_in_required", "Sign in", "Please.", 0, null);
            return Future.succeededFuture(new SignIn.Answer(reply, List.of("a=b")));
        }

        @Override
        public SignIn.@Nullable Answer atOwnHost(String target) {
            return target.equals("/back") ? new SignIn.Answer(Reply.goOn("https://app.example.com/")) : null;
        }
    }

    private static void ask(Door door, Admission admission) {
        ask(door, new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, admission));
    }

    private static void ask(Door door, Tunnel.Policy policy) {
        door.registry.know(FakeRegistry.tunnel(Door.HOST, policy, Set.of(FakeRegistry.CLAIM)));
    }

    private static Answer get(RawVisitor visitor, String more) throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n".formatted(more));
        return visitor.awaitAnswer();
    }

    private static String authorization(String credentials) {
        byte[] bytes = credentials.getBytes(StandardCharsets.UTF_8);
        return "Authorization: basic %s\r\n".formatted(Base64.getEncoder().encodeToString(bytes));
    }
}
