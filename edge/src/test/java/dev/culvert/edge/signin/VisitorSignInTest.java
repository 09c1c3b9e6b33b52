package dev.culvert.edge.signin;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.culvert.admission.People;
import dev.culvert.admission.Person;
import dev.culvert.config.Hash;
import dev.culvert.edge.ingress.SignIn.Answer;
import dev.culvert.edge.ingress.SignIn.Question;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.TestIssuer;
import dev.culvert.edge.testkit.TestProvider;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A browser is played; that a real one comes through is shown by {@code SignInIT}. */
@Timeout(60)
class VisitorSignInTest {
    private static final String SHOP = "shop.example.com";
    private static final String OTHER = "other.example.com";
    private static final String OWN = "example.com";
    private static final String OWNER = "ann";

    private final Vertx vertx = Vertx.vertx();
    private final PlayedBrowser browser = new PlayedBrowser();

    @TempDir
    Path folder;

    private TestProvider provider;
    private VisitorSignIn signIn;

    @BeforeEach
    void start() throws Exception {
        provider = new TestProvider(vertx, folder);
        signIn = read();
    }

    @AfterEach
    void stop() {
        provider.close();
        Nodes.await(vertx.close());
    }

    private VisitorSignIn read(String... more) throws Exception {
        return Nodes.await(VisitorSignIn.read(
                vertx,
                provider.file(more),
                Duration.ZERO,
                host -> "https://" + host + ":7443",
                () -> "https://" + OWN + ":7443"));
    }

    /** Keeps cookies, each for its host. */
    private static final class PlayedBrowser {
        private final Map<String, Map<String, String>> cookies = new HashMap<>();
        private People people = People.parse("*");

        Question page(String host, String target) {
            HttpHeaders headers = new DefaultHttpHeaders().set("accept", "text/html,*/*");
            String all = cookies.getOrDefault(host, Map.of()).entrySet().stream()
                    .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
                    .collect(Collectors.joining("; "));
            if (!all.isEmpty()) {
                headers.set("cookie", all);
            }
            return new Question(host, OWNER, people, true, HttpMethod.GET, target, headers);
        }

        void take(String host, Answer answer) {
            for (String cookie : answer.cookies()) {
                String pair = cookie.substring(0, cookie.indexOf(';'));
                int equals = pair.indexOf('=');
                assertTrue(pair.startsWith("__Host-"), cookie);
                for (String needed : List.of("; Path=/", "; Secure", "; HTTPOnly", "; SameSite=Lax")) {
                    assertTrue(cookie.contains(needed), cookie);
                }
                assertFalse(cookie.contains("Domain"), cookie);
                cookies.computeIfAbsent(host, first -> new HashMap<>())
                        .put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
    }

    private Answer ask(VisitorSignIn at, String host, String target) {
        Answer answer = Nodes.await(at.answer(browser.page(host, target)));
        browser.take(host, answer);
        return answer;
    }

    /** Where the provider sends the browser after somebody has signed in: path and query at the edge's own host. */
    private String back(Answer begun, String email) {
        assertEquals(303, begun.reply().status().code());
        String url = provider.signIn(begun.reply().link(), email);
        assertTrue(url.startsWith("https://example.com:7443/"), url);
        return url.substring("https://example.com:7443".length());
    }

    private Answer signIn(String path, String email) {
        return ask(signIn, SHOP, back(ask(signIn, SHOP, path), email));
    }

    @Test
    void visitorComesBackToItsPageAsWhoItIs() throws Exception {
        assertNull(signIn.visitor(browser.page(SHOP, "/page?a=b")));
        Answer begun = ask(signIn, SHOP, "/page?a=b");
        assertTrue(begun.reply().link().startsWith(provider.issuer().name() + "/authorize?"), begun::toString);

        String back = back(begun, "ann@example.com");
        Answer atOwnHost = signIn.atOwnHost(back);
        assertEquals("https://shop.example.com:7443" + back, atOwnHost.reply().link());
        Answer done = ask(signIn, SHOP, back);

        assertEquals(303, done.reply().status().code());
        assertEquals("https://shop.example.com:7443/page?a=b", done.reply().link());
        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/page?a=b")));
    }

    @Test
    void eachStepMayBeAtAnotherNode() throws Exception {
        VisitorSignIn second = read();
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");

        assertNotNull(second.atOwnHost(back).reply().link());
        assertEquals(303, ask(second, SHOP, back).reply().status().code());
        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/")));
    }

    /** What nodes of other releases find in what browsers bring them; how it is signed is in {@code SignerTest}. */
    @Test
    void stateAndSessionSayTheSameInAllReleases() throws Exception {
        Signer states = Signer.of(ProviderFile.read(provider.file("groups: groups")), "state");
        Signer sessions = Signer.of(ProviderFile.read(provider.file("groups: groups")), "session");
        provider.bend(claims -> claims.claim("groups", List.of("staff")));
        browser.people = People.parse("group:staff");
        signIn = read("groups: groups");

        Answer begun = ask(signIn, SHOP, "/page?a=b");
        assertEquals(303, begun.reply().status().code());
        Map<String, List<String>> link = new QueryStringDecoder(begun.reply().link()).parameters();
        String state = link.get("state").get(0);
        Map<String, Object> asked = new HashMap<>(states.read(state).toJSONObject());
        String known = browser.cookies.get(SHOP).get("__Host-culvert-browser");
        assertEquals(Set.of("host", "path", "browser", "choice", "jti", "exp"), asked.keySet(), WHAT_TO_DO);
        assertEquals(SHOP, asked.get("host"), WHAT_TO_DO);
        assertEquals("/page?a=b", asked.get("path"), WHAT_TO_DO);
        assertEquals(Hash.of(known), asked.get("browser"), WHAT_TO_DO);
        assertEquals(false, asked.get("choice"), WHAT_TO_DO);
        assertEquals(states.derive("nonce " + state), link.get("nonce").get(0), WHAT_TO_DO);
        String challenge = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(HexFormat.of().parseHex(Hash.of(states.derive("verifier " + state))));
        assertEquals(challenge, link.get("code_challenge").get(0), WHAT_TO_DO);

        assertEquals(
                303,
                ask(signIn, SHOP, back(begun, "ann@example.com"))
                        .reply()
                        .status()
                        .code());
        Map<String, Object> session =
                new HashMap<>(sessions.read(browser.cookies.get(SHOP).get("__Host-culvert-session"))
                        .toJSONObject());
        assertNotNull(session.remove("exp"));
        assertEquals(
                Map.of(
                        "sub", "ann@example.com",
                        "groups", List.of("staff"),
                        "aud", List.of(SHOP, Hash.of(OWNER))),
                session,
                WHAT_TO_DO);
    }

    @Test
    void sessionCountsAtItsHostAloneAndForItsTime() throws Exception {
        signIn("/", "ann@example.com");
        browser.cookies.put(OTHER, browser.cookies.get(SHOP));
        assertNull(signIn.visitor(browser.page(OTHER, "/")), "the cookie of another host's");

        String over = Signer.of(ProviderFile.read(provider.file()), "session")
                .sign(new JWTClaimsSet.Builder()
                        .subject("ann@example.com")
                        .audience(List.of(SHOP, Hash.of(OWNER)))
                        .expirationTime(Date.from(Instant.now().minusSeconds(1)))
                        .build());
        browser.cookies.put(SHOP, Map.of("__Host-culvert-session", over));
        assertNull(signIn.visitor(browser.page(SHOP, "/")), "the time is over");
    }

    @Test
    void sessionEndsWithTheClientSecretThatSignedIt() throws Exception {
        signIn("/", "ann@example.com");
        Path file = provider.file();
        Files.writeString(folder.resolve("client-secret"), "another secret of the tests\n");

        VisitorSignIn changed = Nodes.await(VisitorSignIn.read(
                vertx, file, Duration.ZERO, host -> "https://" + host + ":7443", () -> "https://" + OWN));

        assertNull(changed.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void stateIsNoSession() throws Exception {
        String link = ask(signIn, SHOP, "/").reply().link();
        String state = new QueryStringDecoder(link).parameters().get("state").get(0);
        browser.cookies.put(SHOP, Map.of("__Host-culvert-session", state));

        assertNull(signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void sessionEndsWithTheOwnershipAndWithTheClaimThatItIsOf() throws Exception {
        signIn("/", "ann@example.com");
        Question page = browser.page(SHOP, "/");

        assertNull(signIn.visitor(new Question(SHOP, "bob", People.NONE, true, page.method(), "/", page.headers())));
        assertNull(read("who: nickname").visitor(page));
        assertEquals(new Person("ann@example.com"), signIn.visitor(page));
    }

    /** Without TLS a neighbour can set it, and nobody must be locked out by that. */
    @ParameterizedTest
    @ValueSource(strings = {"a b", "a,b", "\"abc", "", "x"})
    void cookieThatIsNoneOfOursIsReplaced(String value) {
        browser.cookies.put(SHOP, new HashMap<>(Map.of("__Host-culvert-browser", value)));

        assertEquals(303, signIn("/", "ann@example.com").reply().status().code());
        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"?state=%zz", "?a=%", "?state=%ff%fe", "?&&=", "?state[]=x"})
    void queryThatMakesNoSenseIsAnswered(String query) {
        assertEquals(
                "sign_in_broken",
                signIn.atOwnHost("/.culvert/sign-in" + query).reply().code());
        assertNotNull(ask(signIn, SHOP, "/.culvert/sign-in" + query));
    }

    @Test
    void nameThatFitsIntoNoCookieIsRefused() {
        String answer = signIn("/", "x".repeat(255) + "@example.com").reply().text();

        assertTrue(answer.contains("it has a name of 267 characters"), answer);
    }

    /** Who sends others a link of his own must not have them signed in as himself. */
    @Test
    void linkThatAnotherBrowserHasBegunSignsNobodyIn() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        browser.cookies.clear();

        Answer answer = ask(signIn, SHOP, back);

        assertEquals("sign_in_broken", answer.reply().code());
        assertNull(signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void answerForOneTunnelIsNoneForAnother() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        browser.cookies.put(OTHER, browser.cookies.get(SHOP));

        assertEquals("sign_in_broken", ask(signIn, OTHER, back).reply().code());
    }

    @Test
    void codeThatIsShownTwiceIsRefused() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        ask(signIn, SHOP, back);

        Answer again = ask(signIn, SHOP, back);

        assertEquals("sign_in_refused", again.reply().code());
        assertTrue(again.reply().text().contains("it does not take the code"), again::toString);
    }

    @Test
    void whatWasNotBegunHereLeadsNowhere() throws Exception {
        for (String state : List.of(
                "",
                "&state=",
                "&state=made.up.text",
                "&state="
                        + provider.issuer()
                                .sign(new JWTClaimsSet.Builder()
                                        .claim("host", "evil.example.org")
                                        .build()))) {
            assertEquals(
                    "sign_in_broken",
                    signIn.atOwnHost("/.culvert/sign-in?code=x" + state).reply().code(),
                    state);
        }
        assertEquals(
                "sign_in_broken",
                ask(signIn, SHOP, "/.culvert/sign-in?code=x&state=made.up.text")
                        .reply()
                        .code());
        assertNull(signIn.atOwnHost("/"));
        assertNull(signIn.atOwnHost("/.culvert/sign-in/else"));
    }

    @Test
    void providerThatSaysNoIsQuoted() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        String state = back.substring(back.indexOf("&state="));

        Answer answer = ask(signIn, SHOP, "/.culvert/sign-in?error=access_denied&error_description=Not+today" + state);

        assertEquals(403, answer.reply().status().code());
        assertTrue(answer.reply().text().contains("it says: Not today"), answer::toString);
    }

    @Test
    void providerThatLetsNobodyChooseAsksForANameInstead() {
        String state = new QueryStringDecoder(
                        ask(signIn, SHOP, "/.culvert/sign-in").reply().link())
                .parameters()
                .get("state")
                .get(0);

        Answer again = ask(signIn, SHOP, "/.culvert/sign-in?error=invalid_request&state=" + state);
        assertTrue(again.reply().link().contains("prompt=login"), again::toString);
        Answer denied = ask(signIn, SHOP, "/.culvert/sign-in?error=access_denied&state=" + state);
        assertEquals("sign_in_refused", denied.reply().code());

        String second = new QueryStringDecoder(again.reply().link())
                .parameters()
                .get("state")
                .get(0);
        Answer hopeless = ask(signIn, SHOP, "/.culvert/sign-in?error=invalid_request&state=" + second);
        assertEquals("sign_in_refused", hopeless.reply().code(), "not for ever");
    }

    @Test
    void tokenThatIsNotForUsOrOfAnotherMomentCountsNothing() {
        provider.bend(claims -> claims.claim("nonce", "another"));
        assertTokenRefused("Unexpected JWT nonce");
        provider.bend(claims -> claims.audience("another"));
        assertTokenRefused("Unexpected JWT audience");
        provider.bend(claims ->
                claims.audience(List.of(TestProvider.CLIENT, "another")).claim("azp", "another"));
        assertTokenRefused("another client (azp)");
        provider.bend(claims -> claims.issuer("https://another.example.com"));
        assertTokenRefused("Unexpected JWT issuer");
        provider.bend(claims -> claims.expirationTime(Date.from(Instant.now().minusSeconds(120))));
        assertTokenRefused("Expired JWT");
        provider.bend(claims -> claims);
        provider.signBy(TestIssuer.newKey());
        assertTokenRefused("no matching key");
    }

    private void assertTokenRefused(String why) {
        Answer answer = signIn("/", "ann@example.com");
        assertEquals("sign_in_refused", answer.reply().code());
        assertTrue(answer.reply().text().contains(why), answer::toString);
        assertNull(signIn.visitor(browser.page(SHOP, "/")));
    }

    /** Its operator, or ours, has something to do; the visitor has not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 | {\"error\":\"invalid_client\"}",
                "500 | oops",
                "503 | {}",
                "302 | {}",
                "200 | {\"access_token\":\"a\",\"token_type\":\"Bearer\"}",
                "200 | {\"access_token\":\"a\",\"token_type\":\"Bearer\",\"id_token\":\"x\"}",
                "200 | []",
                "200 | <html>"
            })
    void providerThatAnswersNonsenseIsNotTheVisitorsFault(int status, String text) {
        provider.answerCodes(status, text);

        assertEquals(
                "sign_in_unavailable", signIn("/", "ann@example.com").reply().code());
    }

    @Test
    void keysThatAreNotToBeHadAreNotTheVisitorsFault() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        provider.issuer().publish("nonsense");

        assertEquals("sign_in_unavailable", ask(signIn, SHOP, back).reply().code());
    }

    @Test
    void userInfoThatIsNotToBeHadIsNotTheVisitorsFault() {
        provider.bend(claims -> claims.claim("email", null));
        provider.issuer()
                .configure(provider.configuration()
                        .put("userinfo_endpoint", provider.issuer().name() + "/nowhere"));

        assertEquals(
                "sign_in_unavailable", signIn("/", "ann@example.com").reply().code());
    }

    @Test
    void keysAreToBeHadAgainSoonAfterAFault() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        provider.issuer().publish("nonsense");
        ask(signIn, SHOP, back);
        provider.issuer().publish(null);

        assertEquals(303, signIn("/", "ann@example.com").reply().status().code());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&code=", "&code=%20"})
    void answerWithoutACodeIsRefused(String code) {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");

        Answer answer = ask(signIn, SHOP, "/.culvert/sign-in?a=b" + back.substring(back.indexOf("&state=")) + code);

        assertTrue(answer.reply().text().contains("it says nothing"), answer::toString);
    }

    @Test
    void whoTakesTooLongBeginsAnew() throws Exception {
        JWTClaimsSet old = new JWTClaimsSet.Builder()
                .claim("host", SHOP)
                .claim("path", "/page")
                .expirationTime(Date.from(Instant.now().minusSeconds(1)))
                .build();
        String state = Signer.of(ProviderFile.read(provider.file()), "state").sign(old);

        Answer answer = ask(signIn, SHOP, "/.culvert/sign-in?code=x&state=" + state);

        assertTrue(answer.reply().link().startsWith(provider.issuer().name() + "/authorize?"), answer::toString);
    }

    @ParameterizedTest
    @CsvSource({"false", "yes", ","})
    void addressThatIsNotVerifiedCountsNothing(String verified) {
        provider.bend(claims -> claims.claim("email_verified", "false".equals(verified) ? Boolean.FALSE : verified));

        Answer answer = signIn("/", "ceo@example.com");

        assertTrue(
                answer.reply().text().contains("it does not say that ceo@example.com is a verified address"),
                answer::toString);
        assertNull(signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void anotherClaimMaySayWhoItIs() throws Exception {
        signIn = read("who: preferred_username");
        provider.bend(claims -> claims.claim("preferred_username", "ann").claim("email", null));

        signIn("/", "ann@example.com");

        assertEquals(new Person("ann"), signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void sessionNamesTheGroupsThatTheTunnelAsksFor() throws Exception {
        signIn = read("groups: roles");
        browser.people = People.parse("group:staff,group:Night Shift,group:others");
        provider.bend(claims -> claims.claim("roles", List.of("staff", "everybody", "Night Shift", 7)));

        signIn("/", "ann@example.com");

        assertEquals(
                new Person("ann@example.com", Set.of("staff", "Night Shift")), signIn.visitor(browser.page(SHOP, "/")));
        assertTrue(signIn.knowsGroups());
    }

    @Test
    void oneGroupMayStandAlone() throws Exception {
        signIn = read("groups: roles");
        browser.people = People.parse("group:staff");
        provider.bend(claims -> claims.claim("roles", "staff"));

        signIn("/", "ann@example.com");

        assertEquals(new Person("ann@example.com", Set.of("staff")), signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void groupsThatAreNotInTheTokenTheProviderIsAskedFor() throws Exception {
        provider.tell(new JsonObject()
                .put("sub", "somebody")
                .put("email", "eve@example.com")
                .put("roles", new JsonArray().add("staff")));
        signIn = read("groups: roles");
        browser.people = People.parse("group:staff");

        signIn("/", "ann@example.com");

        assertEquals(
                new Person("ann@example.com", Set.of("staff")),
                signIn.visitor(browser.page(SHOP, "/")),
                "who it is the token has said");
    }

    @Test
    void groupsOfTheTokenCountAlsoWhereTheProviderIsAskedWhoItIs() throws Exception {
        provider.tell(new JsonObject()
                .put("sub", "somebody")
                .put("email", "ann@example.com")
                .put("email_verified", true));
        signIn = read("groups: roles");
        browser.people = People.parse("group:staff");
        provider.bend(claims -> claims.claim("email", null).claim("roles", List.of("staff")));

        signIn("/", "ann@example.com");

        assertEquals(new Person("ann@example.com", Set.of("staff")), signIn.visitor(browser.page(SHOP, "/")));
    }

    @Test
    void edgeThatIsNotToldTheClaimKnowsOfNoGroups() {
        browser.people = People.parse("group:staff");
        provider.bend(claims -> claims.claim("groups", List.of("staff")));

        signIn("/", "ann@example.com");

        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/")));
        assertFalse(signIn.knowsGroups());
    }

    @Test
    void sessionEndsWithTheClaimThatItsGroupsAreOf() throws Exception {
        signIn = read("groups: roles");
        signIn("/", "ann@example.com");

        assertNull(read("groups: nicknames").visitor(browser.page(SHOP, "/")));
        assertNotNull(read("groups: roles").visitor(browser.page(SHOP, "/")));
    }

    @Test
    void cookieOfWhoIsInManyLongGroupsIsOneThatBrowsersKeep() throws Exception {
        signIn = read("groups: roles");
        List<String> groups =
                IntStream.range(0, 32).mapToObj(i -> "g".repeat(240) + i).toList();
        browser.people =
                new People(groups.stream().map(group -> "group:" + group).toList());
        provider.bend(claims -> claims.claim("roles", groups));

        Answer done = signIn("/", "a".repeat(240) + "@example.com");

        assertTrue(done.cookies().get(0).length() < 4096, done::toString);
        assertTrue(browser.people.test(signIn.visitor(browser.page(SHOP, "/"))));
    }

    @Test
    void whatIsNotInTheTokenTheProviderIsAskedFor() {
        provider.bend(claims -> claims.claim("email", null));
        Answer without = signIn("/", "ann@example.com");
        assertTrue(without.reply().text().contains("it does not say the email"), without::toString);

        provider.tell(new JsonObject()
                .put("sub", "somebody")
                .put("email", "ann@example.com")
                .put("email_verified", true));
        signIn = again();
        signIn("/", "ann@example.com");
        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/")));

        provider.tell(new JsonObject()
                .put("sub", "somebody else")
                .put("email", "bob@example.com")
                .put("email_verified", true));
        assertTrue(signIn("/", "ann@example.com").reply().text().contains("it speaks of two people at once"));
    }

    private VisitorSignIn again() {
        try {
            return read();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void providerThatIsAwayIsSaidSoAndAskedAgain() {
        provider.issuer().leave();
        Answer answer = ask(signIn, SHOP, "/");
        assertEquals(502, answer.reply().status().code());
        assertEquals("sign_in_unavailable", answer.reply().code());

        provider.issuer().comeBack();

        assertEquals(303, ask(signIn, SHOP, "/").reply().status().code());
    }

    @Test
    void providerThatIsKnownIsNotWaitedFor() {
        ask(signIn, SHOP, "/");
        provider.issuer().leave();

        assertEquals(303, ask(signIn, SHOP, "/").reply().status().code());
        provider.issuer().comeBack();
    }

    @Test
    void whoWouldHaveToWaitBehindManyIsToldSo() {
        String back = back(ask(signIn, SHOP, "/"), "ann@example.com");
        Question question = browser.page(SHOP, back);
        provider.answerNoCodes();
        List<Future<Answer>> waiting =
                Stream.generate(() -> signIn.answer(question)).limit(256).toList();

        Answer oneMore = Nodes.await(signIn.answer(question));

        assertEquals(503, oneMore.reply().status().code());
        assertEquals("sign_in_unavailable", oneMore.reply().code());
        provider.issuer().leave(); // Who waits hears so at once.
        waiting.forEach(
                answer -> assertEquals(502, Nodes.await(answer).reply().status().code()));
        assertEquals(502, Nodes.await(signIn.answer(question)).reply().status().code(), "there is room again");
        provider.issuer().comeBack();
    }

    @Test
    void edgeThatStopsSaysThatNobodyCanSignIn() {
        Nodes.await(signIn.close());

        assertEquals("sign_in_unavailable", ask(signIn, SHOP, "/").reply().code());
    }

    @Test
    void sessionNeedsNoProvider() {
        signIn("/", "ann@example.com");
        provider.issuer().leave();

        assertEquals(new Person("ann@example.com"), signIn.visitor(browser.page(SHOP, "/")));
        provider.issuer().comeBack();
    }

    @Test
    void providerMustSayItsOwnNameAndSafePlaces() {
        for (JsonObject wrong : List.of(
                provider.configuration().put("issuer", "https://localhost:1"),
                provider.configuration().put("token_endpoint", "http://example.com/token"),
                provider.configuration().put("userinfo_endpoint", "http://example.com/me"),
                new JsonObject())) {
            provider.issuer().configure(wrong);
            assertEquals(502, ask(signIn, SHOP, "/").reply().status().code(), wrong::encode);
        }
    }

    /** A script or a program has no use for the provider's page. */
    @Test
    void whoIsNoBrowserAtAPageIsToldToSignIn() {
        Question page = browser.page(SHOP, "/");
        for (Question other : List.of(
                new Question(SHOP, OWNER, People.NONE, true, HttpMethod.POST, "/", page.headers()),
                new Question(
                        SHOP,
                        OWNER,
                        People.NONE,
                        true,
                        HttpMethod.GET,
                        "/",
                        new DefaultHttpHeaders().set("accept", "*/*")),
                new Question(SHOP, OWNER, People.NONE, true, HttpMethod.GET, "/", new DefaultHttpHeaders()),
                new Question(
                        SHOP,
                        OWNER,
                        People.NONE,
                        true,
                        HttpMethod.GET,
                        "/",
                        page.headers().copy().set("sec-fetch-mode", "cors")),
                new Question(
                        SHOP,
                        OWNER,
                        People.NONE,
                        true,
                        HttpMethod.GET,
                        "/",
                        page.headers().copy().set("sec-fetch-mode", "navigate").set("sec-fetch-dest", "iframe")))) {
            Answer answer = Nodes.await(signIn.answer(other));

            assertEquals(403, answer.reply().status().code());
            assertEquals("sign_in_required", answer.reply().code());
            assertEquals("https://shop.example.com:7443/", answer.reply().link());
        }
    }

    @Test
    void whereThereIsHttpsNobodySignsInWithoutIt() {
        signIn("/", "ann@example.com");
        Question plain = browser.page(SHOP, "/page");
        plain = new Question(SHOP, OWNER, People.NONE, false, HttpMethod.GET, "/page", plain.headers());

        assertNull(signIn.visitor(plain));
        Answer answer = Nodes.await(signIn.answer(plain));
        assertEquals("https_required", answer.reply().code(), "no redirect, which could go on for ever");
        assertEquals("https://shop.example.com:7443/page", answer.reply().link());
        assertEquals(List.of(), answer.cookies());
        Question signOut =
                new Question(SHOP, OWNER, People.NONE, false, HttpMethod.GET, "/.culvert/sign-out", plain.headers());
        assertEquals(
                "https://shop.example.com:7443/.culvert/sign-out",
                Nodes.await(signIn.answer(signOut)).reply().link());
    }

    @ParameterizedTest
    @CsvSource({
        "POST, same-origin, cors, empty, , true",
        "GET, none, navigate, document, , true",
        "GET, cross-site, navigate, document, , true", // A link.
        "GET, same-site, navigate, document, , true",
        "GET, same-site, navigate, , , true",
        "GET, same-site, navigate, iframe, , false", // In a neighbour's page.
        "GET, same-origin, navigate, iframe, , true",
        "POST, same-site, navigate, document, , false", // A form on a neighbour's page.
        "GET, same-site, websocket, , , false",
        "GET, same-site, no-cors, image, , false",
        "POST, cross-site, cors, empty, , false",
        // Pages without referrer send null to themselves too.
        "POST, same-origin, navigate, document, null, true",
        "GET, , , , https://other.example.com, false",
        "GET, , , , https://shop.example.com:7443, true",
        "GET, , , , https://SHOP.example.com:7443, true",
        "GET, , , , http://shop.example.com:7443, false",
        "GET, , , , https://shop.example.com, false",
        "GET, , , , null, false",
        "GET, , , , , true",
    })
    void pageOfANeighbourDoesNothingInTheNameOfWhoLooksAtIt(
            String method, String site, String mode, String dest, String origin, boolean counts) {
        signIn("/", "ann@example.com");
        HttpHeaders headers = browser.page(SHOP, "/").headers();
        Map<String, String> fields = new HashMap<>();
        fields.put("sec-fetch-site", site);
        fields.put("sec-fetch-mode", mode);
        fields.put("sec-fetch-dest", dest);
        fields.put("origin", origin);
        fields.forEach((name, value) -> {
            if (value != null) {
                headers.set(name, value);
            }
        });

        Person who =
                signIn.visitor(new Question(SHOP, OWNER, People.NONE, true, HttpMethod.valueOf(method), "/", headers));

        assertEquals(counts ? new Person("ann@example.com") : null, who);
    }

    @Test
    void whoSignsOutIsForgottenAndAskedWhoItIs() {
        signIn("/", "ann@example.com");

        assertEquals(
                "signed_out", ask(signIn, SHOP, "/.culvert/sign-out").reply().code());

        assertNull(signIn.visitor(browser.page(SHOP, "/")));
        String link = ask(signIn, SHOP, "/.culvert/sign-in").reply().link();
        assertTrue(link.contains("prompt=select_account"), link);
        assertFalse(ask(signIn, SHOP, "/").reply().link().contains("prompt="));
    }

    @Test
    void questionsOfOneBrowserCanBeAnsweredInAnyOrder() {
        String first = back(ask(signIn, SHOP, "/first"), "ann@example.com");
        String second = back(ask(signIn, SHOP, "/second"), "ann@example.com");
        assertNotEquals(first, second);

        assertTrue(ask(signIn, SHOP, second).reply().link().endsWith("/second"));
        assertTrue(ask(signIn, SHOP, first).reply().link().endsWith("/first"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example.org/", "*", "evil.example.org"})
    void onlyPathsAreLedBackTo(String target) {
        assertEquals(
                "https://shop.example.com:7443/",
                signIn(target, "ann@example.com").reply().link());
    }

    @Test
    void veryLongPathIsForgotten() {
        assertEquals(
                "https://shop.example.com:7443/",
                signIn("/" + "x".repeat(2000), "ann@example.com").reply().link());
    }
}
