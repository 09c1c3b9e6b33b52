package dev.culvert.edge.access.jwt;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.access.TokensByShape;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.TestIssuer;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class JwtAuthenticatorTest {
    private static final String AUDIENCE = "tunnel.example.com";

    private static final String RULES = """
                  - claims: {repository: acme/shop, ref: refs/heads/*}
                    owner: shop-ci
                    names: [shop-pr-*, "tcp:2200-2209"]
                  - claims: {groups: developers}
                    owner: "{preferred_username}"
                    names: ["{preferred_username}-*", "*.{preferred_username}.example"]
            """;

    private static Vertx vertx;

    @TempDir
    Path folder;

    private final BlockingQueue<Identity> revoked = new LinkedBlockingQueue<>();
    private TestIssuer issuer;
    private JwtAuthenticator authenticator;

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void closeVertx() {
        Nodes.await(vertx.close());
    }

    @BeforeEach
    void startIssuer() throws Exception {
        issuer = new TestIssuer(vertx, folder);
        write(AUDIENCE, RULES);
        authenticator = start();
    }

    @AfterEach
    void stop() {
        authenticator.close();
        issuer.close();
    }

    @Test
    void tokenIsTheIdentityOfTheFirstRuleThatFits() throws Exception {
        JWTClaimsSet claims = ci().claim("groups", List.of("developers")).build();

        Identity identity = authenticate(issuer.sign(claims));

        assertEquals("shop-ci", identity.owner());
        assertEquals(NamePatterns.parse("shop-pr-*,tcp:2200-2209"), identity.names());
        Instant end = claims.getExpirationTime().toInstant().truncatedTo(ChronoUnit.SECONDS);
        assertEquals(end.plusSeconds(60), identity.ends());
    }

    @Test
    void claimsOfAPersonBecomeOwnerAndNames() throws Exception {
        Identity ann = authenticate(issuer.sign(person("ann").build()));

        assertEquals("ann", ann.owner());
        assertEquals(NamePatterns.parse("ann-*,*.ann.example"), ann.names());
    }

    @Test
    void twoTokensOfOneOwnerAreToldApart() throws Exception {
        String one = issuer.sign(ci().build());

        Identity first = authenticate(one);

        assertEquals(first, authenticate(one));
        assertNotEquals(
                first.credential(), authenticate(issuer.sign(ci().build())).credential());
        assertFalse(one.contains(first.credential()));
    }

    @Test
    void signaturesByEllipticCurvesAndByPssCountToo() throws Exception {
        ECKey curve = new ECKeyGenerator(Curve.P_256).keyID("curve").generate();
        RSAKey pss = TestIssuer.newKey();
        Files.writeString(folder.resolve("keys.json"), new JWKSet(List.of(curve, pss)).toString(true));
        restartWith("    keys: %s\n".formatted(folder.resolve("keys.json")), RULES);
        SignedJWT byCurve = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("curve").build(), ci().build());
        byCurve.sign(new ECDSASigner(curve));
        SignedJWT byPss = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.PS384).keyID(pss.getKeyID()).build(), ci().build());
        byPss.sign(new RSASSASigner(pss));

        assertEquals("shop-ci", authenticate(byCurve.serialize()).owner());
        assertEquals("shop-ci", authenticate(byPss.serialize()).owner());
        assertEquals(0, issuer.fetches(), "the operator's keys are enough");
    }

    @Test
    void accessTokenThatSaysThatItIsOneCountsAndOtherKindsDoNot() throws Exception {
        assertEquals("shop-ci", authenticate(typed("at+jwt")).owner());
        assertRefused(typed("logout+jwt"), "of another kind");
    }

    @Test
    void expiredTokenIsRefusedOnceNoClockCanBeThatWrong() throws Exception {
        assertRefused(issuer.sign(ci().expirationTime(in(-90)).build()), "the token has expired; get a new one");

        assertEquals(
                "shop-ci",
                authenticate(issuer.sign(ci().expirationTime(in(-20)).build())).owner());
    }

    @Test
    void tokenWithoutAnEndIsRefused() throws Exception {
        assertRefused(issuer.sign(ci().expirationTime(null).build()), "never ends");
    }

    @Test
    void tokenOfTheFutureIsRefused() throws Exception {
        assertRefused(issuer.sign(ci().notBeforeTime(in(300)).build()), "does not count yet");
    }

    @Test
    void tokenForOthersIsRefused() throws Exception {
        assertRefused(
                issuer.sign(ci().audience("another.example.com").build()), "ask its issuer for one for the audience");
        assertRefused(issuer.sign(ci().audience(List.of()).build()), "ask its issuer for one for the audience");

        String both = issuer.sign(ci().audience(List.of("another", AUDIENCE)).build());

        assertEquals("shop-ci", authenticate(both).owner());
    }

    @Test
    void tokenOfAnotherIssuerIsRefused() throws Exception {
        assertRefused(issuer.sign(ci().issuer("https://evil.example").build()), "does not know");
        assertRefused(issuer.sign(ci().issuer(issuer.name() + "/").build()), "does not know");
        assertRefused(issuer.sign(ci().issuer(null).build()), "does not know");
        assertEquals(0, issuer.fetches());
    }

    @Test
    void tokenThatAnotherKeyHasSignedIsRefused() throws Exception {
        RSAKey stolenName = new RSAKey.Builder(TestIssuer.newKey())
                .keyID(issuer.key().getKeyID())
                .build();

        assertRefused(TestIssuer.sign(ci().build(), stolenName), "is not signed by " + issuer.name());
        assertRefused(TestIssuer.sign(ci().build(), TestIssuer.newKey()), "is not signed by " + issuer.name());
    }

    @Test
    void changedTokenIsRefused() throws Exception {
        String[] ofBob = issuer.sign(person("bob").build()).split("\\.");
        String[] ofAnn = issuer.sign(person("ann").build()).split("\\.");

        assertRefused(String.join(".", ofBob[0], ofAnn[1], ofBob[2]), "is not signed by");
    }

    @Test
    void tokenThatNobodyHasSignedIsRefused() throws Exception {
        assertRefused(new PlainJWT(ci().build()).serialize(), "not a signed JWT");
        String signed = issuer.sign(ci().build());
        assertRefused(signed.substring(0, signed.lastIndexOf('.') + 1), "");
    }

    @Test
    void tokenThatIsSignedWithThePublicKeyAsASecretIsRefused() throws Exception {
        for (byte[] secret : List.of(
                issuer.key().toRSAPublicKey().getEncoded(),
                issuer.key().toPublicJWK().toJSONString().getBytes())) {
            SignedJWT forged = new SignedJWT(
                    new JWSHeader.Builder(JWSAlgorithm.HS256)
                            .keyID(issuer.key().getKeyID())
                            .build(),
                    ci().build());
            forged.sign(new MACSigner(secret));

            assertRefused(forged.serialize(), "proves nothing here");
        }
    }

    @Test
    void genuineTokenThatNoRuleFitsIsRefused() throws Exception {
        assertRefused(
                issuer.sign(ci().claim("repository", "evil/shop").build()),
                "the token is genuine, but this edge has no rule for its claims");
        assertRefused(issuer.sign(ci().claim("ref", "refs/tags/v1").build()), "no rule");
        assertRefused(issuer.sign(ci().claim("ref", null).build()), "no rule");
        assertRefused(
                issuer.sign(person("ann").claim("groups", List.of("interns")).build()), "no rule");
        assertRefused(
                issuer.sign(person("ann")
                        .claim("groups", List.of(List.of("developers")))
                        .build()),
                "no rule");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "a.b", "Ann", "ann*", "", "-ann", "ann-", "ä", "a b", "{sub}", "a,b", "tcp:*", "a\nb"})
    void personWhoseNameWouldReachFurtherIsRefused(String name) throws Exception {
        restartWith("", RULES.replace("owner: \"{preferred_username}\"", "owner: everybody"));

        assertRefused(issuer.sign(person(name).build()), "cannot stand in a name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"anonymous:1", "a b", "*", "", "-ann"})
    void personWhoIsNoOwnerIsRefused(String name) throws Exception {
        restartWith("", RULES.replace("\"{preferred_username}-*\", \"*.{preferred_username}.example\"", "shop"));

        assertRefused(issuer.sign(person(name).build()), "is not an owner");
    }

    @Test
    void claimThatIsMissingOrAListCannotBeInserted() throws Exception {
        assertRefused(
                issuer.sign(person("ann").claim("preferred_username", null).build()), "no claim preferred_username");
        assertRefused(
                issuer.sign(person("ann")
                        .claim("preferred_username", List.of("ann", "bob"))
                        .build()),
                "no claim preferred_username");
    }

    @Test
    void whatIsNoTokenOfAnIssuerIsRefused() {
        assertRefused(null, "asks for a token");
        assertRefused("cvt_abc", "asks for a token");
        assertRefused("a.b.c", "not a signed JWT");
        assertRefused("bnVsbA.e30.AA", "not a signed JWT"); // A header that is null.
        assertRefused("eyJhbGciOiJSUzI1NiJ9.bm9qc29u.c2ln", "not a signed JWT");
        assertRefused("x".repeat(16_000) + "." + "y".repeat(2_000) + ".z", "more than 16384 characters");
    }

    @Test
    void tokenOfSixteenKibibytesIsTaken() throws Exception {
        String token = issuer.sign(ci().claim("groups", "g".repeat(11_500)).build());
        assertTrue(token.length() > 15_000 && token.length() <= 16_384, "" + token.length());

        assertEquals("shop-ci", authenticate(token).owner());
    }

    @Test
    void newKeyOfTheIssuerCountsAtOnceAndItsOldOneNoMore() throws Exception {
        RSAKey old = issuer.key();
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());

        issuer.changeKey();

        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
        assertRefused(TestIssuer.sign(ci().build(), old), null);
    }

    @Test
    void keysThatNobodyHasAreAskedForTwiceAtMost() throws Exception {
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
        RSAKey unknown = TestIssuer.newKey();
        for (int i = 0; i < 20; i++) {
            assertRefused(TestIssuer.sign(ci().build(), unknown), null);
        }

        assertTrue(issuer.fetches() <= 2, issuer.fetches() + " fetches");
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
    }

    @Test
    void issuerThatIsAwayAtTheStartMakesAgentsComeAgain() throws Exception {
        issuer.leave();
        restartWith("", RULES);
        String token = issuer.sign(ci().build());

        Throwable refusal = refusal(token);

        assertInstanceOf(UndecidedException.class, refusal);
        assertTrue(refusal.getMessage().contains(issuer.name()), refusal.getMessage());

        issuer.comeBack();

        assertEquals("shop-ci", authenticate(token).owner());
    }

    @Test
    void knownKeysCountWhileTheIssuerIsAway() throws Exception {
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());

        issuer.leave();

        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
        assertInstanceOf(UndecidedException.class, refusal(TestIssuer.sign(ci().build(), TestIssuer.newKey())));
    }

    @Test
    void issuerThatDoesNotAnswerHoldsUpABoundedNumberOfAgents() throws Exception {
        issuer.publish("");
        String token = issuer.sign(ci().build());
        for (int i = 0; i < 128; i++) {
            assertFalse(authenticator.authenticate(hello(token)).isComplete());
        }

        Throwable refusal = authenticator.authenticate(hello(token)).cause();

        assertInstanceOf(UndecidedException.class, refusal);
        assertTrue(refusal.getMessage().contains("too many agents"), refusal.getMessage());
    }

    /** Anybody can make such tokens. */
    @Test
    void tokensOfKeysThatNobodyHasHoldUpNoneOfThoseThatAreKnown() throws Exception {
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
        issuer.publish("");
        String junk = TestIssuer.sign(ci().build(), TestIssuer.newKey());
        List<Future<Identity>> waiting = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            waiting.add(authenticator.authenticate(hello(junk)));
        }

        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());

        assertFalse(waiting.get(100).isComplete(), "which still wait");
    }

    @Test
    void keysOfOtherKindsAreInNobodysWay() throws Exception {
        JsonObject set = new JsonObject(issuer.keys());
        set.getJsonArray("keys")
                .add(new JsonObject()
                        .put("kty", "EC")
                        .put("crv", "brainpoolP256r1")
                        .put("x", "AA")
                        .put("y", "AA"))
                .add(new JsonObject().put("kty", "later"))
                .addNull();
        issuer.publish(set.encode());

        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());
    }

    @Test
    void whatIsNoKeySetIsAsIfTheIssuerWereAway() throws Exception {
        for (String text : List.of("null", "[]", "{}", "{\"keys\":1}")) {
            issuer.publish(text);
            restartWith("", RULES);

            assertInstanceOf(UndecidedException.class, refusal(issuer.sign(ci().build())), text);
        }
    }

    @Test
    void identityCountsUntilItIsWithdrawnAndADayAtMost() throws Exception {
        Identity identity = authenticate(
                issuer.sign(ci().expirationTime(Date.from(Instant.now().plus(Duration.ofDays(3_000))))
                        .build()));
        assertTrue(authenticator.stillCounts(identity));
        assertTrue(
                identity.ends().isBefore(Instant.now().plus(Duration.ofDays(1)).plusSeconds(1)));

        write("others.example.com", RULES);

        assertEquals(identity, revoked.poll(10, TimeUnit.SECONDS));
        assertFalse(authenticator.stillCounts(identity));
    }

    @Test
    void issuerWhoseConfigurationIsOfAnotherOneIsNotBelieved() throws Exception {
        issuer.configure(new JsonObject().put("issuer", "https://other").put("jwks_uri", issuer.name() + "/keys"));

        assertInstanceOf(UndecidedException.class, refusal(issuer.sign(ci().build())));
        assertEquals(0, issuer.fetches());
    }

    @Test
    void keysAreNotFetchedInPlaintextButFromThisMachineByName() throws Exception {
        HttpServer plain = Nodes.await(vertx.createHttpServer()
                .requestHandler(request -> request.response().end(issuer.keys()))
                .listen(0, "127.0.0.2"));
        String keys = "http://127.0.0.2:%d/keys".formatted(plain.actualPort());
        issuer.configure(new JsonObject().put("issuer", issuer.name()).put("jwks_uri", keys));

        assertInstanceOf(UndecidedException.class, refusal(issuer.sign(ci().build())));
        Nodes.await(plain.close());
    }

    @Test
    void issuerWithoutATrustedCertificateIsNotBelieved() throws Exception {
        writeFile("issuers:\n  - issuer: %s\n    audience: %s\n    agents:\n%s"
                .formatted(issuer.name(), AUDIENCE, RULES));
        authenticator.close();
        authenticator = start();

        assertInstanceOf(UndecidedException.class, refusal(issuer.sign(ci().build())));
        assertEquals(0, issuer.fetches());
    }

    @Test
    void ruleThatIsTakenOutWithdrawsItsIdentitiesAndNoOthers() throws Exception {
        Identity ann = authenticate(issuer.sign(person("ann").build()));
        Identity ci = authenticate(issuer.sign(ci().build()));

        write(AUDIENCE, RULES.substring(0, RULES.indexOf("      - claims: {groups")));

        assertEquals(ann, revoked.poll(10, TimeUnit.SECONDS));
        assertRefused(issuer.sign(person("ann").build()), "no rule");
        assertEquals(ci.owner(), authenticate(issuer.sign(ci().build())).owner());
        assertNull(revoked.poll());
        assertEquals(1, issuer.fetches(), "the keys are still known");
    }

    @Test
    void ruleThatGivesOtherNamesWithdrawsWhatItGaveBefore() throws Exception {
        Identity ci = authenticate(issuer.sign(ci().build()));

        write(AUDIENCE, RULES.replace("shop-pr-*", "preview-*"));

        assertEquals(ci, revoked.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void audienceThatChangesWithdrawsTokensForTheOldOne() throws Exception {
        Identity ci = authenticate(issuer.sign(ci().build()));

        write("other.example.com", RULES);

        assertEquals(ci, revoked.poll(10, TimeUnit.SECONDS));
        assertRefused(issuer.sign(ci().build()), "for the audience other.example.com");
    }

    @Test
    void keySetInAFileIsReadAgainWithTheRules() throws Exception {
        Path keys = Files.writeString(folder.resolve("keys.json"), issuer.keys());
        restartWith("    keys: %s\n".formatted(keys), RULES);
        assertEquals("shop-ci", authenticate(issuer.sign(ci().build())).owner());

        issuer.changeKey();
        String token = issuer.sign(ci().build());
        assertRefused(token, "is not signed by");
        replace(keys, issuer.keys());

        await().untilAsserted(() -> assertEquals("shop-ci", authenticate(token).owner()));
    }

    @Test
    void brokenFileKeepsTheRulesReadBefore() throws Exception {
        writeFile("issuers: nonsense");
        await().during(Duration.ofMillis(100))
                .until(() -> authenticate(issuer.sign(ci().build())).owner().equals("shop-ci"));

        write(AUDIENCE, RULES.replace("owner: shop-ci", "owner: shop-bots"));

        await().until(() -> authenticate(issuer.sign(ci().build())).owner().equals("shop-bots"));
    }

    @Test
    void nameOfTheTokensFileIsForATokenWhoseRuleHasItAndNotForOneThatSaysItItself() throws Exception {
        write(AUDIENCE, RULES.replace("shop-pr-*", "shop").replace("{preferred_username}-*", "{preferred_username}"));
        await().untilAsserted(() ->
                assertTrue(authenticate(issuer.sign(ci().build())).names().allows("shop", AUDIENCE)));
        ReservedNames ofAnn = new ReservedNames(Map.of("shop", Set.of("ann")));
        Identity ci = authenticate(issuer.sign(ci().build()));
        Identity shop = authenticate(issuer.sign(person("shop").build()));

        assertFalse(ofAnn.keepHostFrom(ci, "shop." + AUDIENCE, AUDIENCE));
        assertTrue(shop.names().allows("shop", AUDIENCE));
        assertTrue(ofAnn.keepHostFrom(shop, "shop." + AUDIENCE, AUDIENCE));
    }

    @Test
    void jwtsAreProvenAndOtherTokensLeftToOthers() throws Exception {
        ReservedNames ofAnn = new ReservedNames(Map.of("shop", Set.of("ann")));
        TokensByShape both = new TokensByShape(JwtAuthenticator::isJwt, authenticator, new Authenticator() {
            @Override
            public Future<Identity> authenticate(Hello hello) {
                return Future.succeededFuture(new Identity("by " + hello.token(), "1", NamePatterns.ANY));
            }

            @Override
            public ReservedNames reserved() {
                return ofAnn;
            }

            @Override
            public void onRevoked(Consumer<Identity> listener) {}
        });

        assertEquals("by cvt_a", Nodes.await(both.authenticate(hello("cvt_a"))).owner());
        assertEquals("by null", Nodes.await(both.authenticate(hello(null))).owner());
        assertEquals(
                "shop-ci",
                Nodes.await(both.authenticate(hello(issuer.sign(ci().build())))).owner());
        assertTrue(both.authenticate(hello("a.b.")).failed());
        assertEquals(ofAnn, both.reserved());
    }

    private String typed(String type) throws JOSEException {
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256)
                        .type(new JOSEObjectType(type))
                        .keyID(issuer.key().getKeyID())
                        .build(),
                ci().build());
        token.sign(new RSASSASigner(issuer.key()));
        return token.serialize();
    }

    private JWTClaimsSet.Builder ci() {
        return issuer.claims(AUDIENCE).claim("repository", "acme/shop").claim("ref", "refs/heads/feature/x");
    }

    private JWTClaimsSet.Builder person(String name) {
        return issuer.claims(AUDIENCE)
                .claim("groups", List.of("everybody", "developers"))
                .claim("preferred_username", name);
    }

    private static Date in(int seconds) {
        return Date.from(Instant.now().plusSeconds(seconds));
    }

    private Identity authenticate(String token) {
        return Nodes.await(authenticator.authenticate(hello(token)));
    }

    private Throwable refusal(String token) {
        return assertThrows(AssertionError.class, () -> authenticate(token)).getCause();
    }

    /** In these words, and without any part of the token; null where that depends on what was asked before. */
    private void assertRefused(String token, String words) {
        Throwable refusal = refusal(token);
        if (words == null) {
            return;
        }
        assertInstanceOf(UnauthorizedException.class, refusal);
        assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
        for (String part : token == null ? new String[0] : token.split("\\.")) {
            assertFalse(part.length() > 3 && refusal.getMessage().contains(part), refusal.getMessage());
        }
    }

    private static Hello hello(String token) {
        return new Hello(List.of(Hello.VERSION), "test", "instance", List.of(), token, null, 65_536, false);
    }

    private JwtAuthenticator start() {
        JwtAuthenticator started =
                Nodes.await(JwtAuthenticator.start(vertx, folder.resolve("issuers.yaml"), Duration.ofMillis(10)));
        started.onRevoked(revoked::add);
        return started;
    }

    private void restartWith(String more, String rules) throws IOException {
        write(AUDIENCE, more, rules);
        authenticator.close();
        authenticator = start();
    }

    private void write(String audience, String rules) throws IOException {
        write(audience, "", rules);
    }

    private void write(String audience, String more, String rules) throws IOException {
        writeFile("issuers:\n  - issuer: %s\n    audience: %s\n    ca: %s\n%s    agents:\n%s"
                .formatted(issuer.name(), audience, issuer.ca(), more, rules));
    }

    private void writeFile(String text) throws IOException {
        replace(folder.resolve("issuers.yaml"), text);
    }

    /** As editors do: a new file takes the old one's place. */
    private void replace(Path file, String text) throws IOException {
        Path next = Files.writeString(folder.resolve("next"), text);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
