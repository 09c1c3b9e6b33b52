package dev.culvert.edge.testkit;

import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A {@link TestIssuer} that people sign in with, by the code flow with PKCE. It takes a code once, from its client alone, who
 * must show the verifier of the challenge; a test says who comes, and may bend what is said of it.
 */
public final class TestProvider implements AutoCloseable {
    public static final String CLIENT = "culvert";
    public static final String SECRET = "a secret of the tests / with + signs";

    private final TestIssuer issuer;
    private final Path folder;
    private final Map<String, Grant> grants = new ConcurrentHashMap<>();
    private volatile UnaryOperator<JWTClaimsSet.Builder> bend = UnaryOperator.identity();
    private volatile @Nullable JsonObject person;
    private volatile @Nullable TokenAnswer instead;
    private volatile @Nullable RSAKey signer;

    private record TokenAnswer(int status, String text) {}

    private record Grant(Map<String, String> question, String email) {}

    public TestProvider(Vertx vertx, Path folder) throws Exception {
        this.folder = folder;
        issuer = new TestIssuer(vertx, folder);
        issuer.answerOthers(this::answer);
        issuer.configure(configuration());
    }

    /** What it says of itself. */
    public JsonObject configuration() {
        return new JsonObject()
                .put("issuer", issuer.name())
                .put("jwks_uri", issuer.name() + "/keys")
                .put("authorization_endpoint", issuer.name() + "/authorize")
                .put("token_endpoint", issuer.name() + "/token")
                .put("response_types_supported", new JsonArray().add("code"))
                .put("subject_types_supported", new JsonArray().add("public"));
    }

    public TestIssuer issuer() {
        return issuer;
    }

    /** What an operator writes of it, with these lines more. */
    public Path file(String... more) throws Exception {
        Path secret = Files.writeString(folder.resolve("client-secret"), SECRET + "\n");
        return Files.writeString(folder.resolve("sign-in.yaml"), """
                issuer: %s
                client-id: %s
                client-secret-file: %s
                ca: %s
                %s
                """.formatted(
                        issuer.name(), CLIENT, secret, issuer.ca(), String.join("\n", more)));
    }

    /** Says something else in its tokens from now on. */
    public void bend(UnaryOperator<JWTClaimsSet.Builder> by) {
        bend = by;
    }

    /** Answers all codes with this from now on. */
    public void answerCodes(int status, String text) {
        instead = new TokenAnswer(status, text);
    }

    /** Takes codes from now on and says nothing. */
    public void answerNoCodes() {
        instead = new TokenAnswer(0, "");
    }

    /** Signs with a key that it does not publish from now on. */
    public void signBy(RSAKey other) {
        signer = other;
    }

    /** Says of people at its place for that what it does not say in tokens. */
    public void tell(JsonObject other) {
        person = other;
        issuer.configure(configuration().put("userinfo_endpoint", issuer.name() + "/me"));
    }

    /** Somebody follows the link and signs in: where the browser is sent then. */
    public String signIn(String link, String email) {
        Map<String, String> question = new HashMap<>();
        new QueryStringDecoder(link).parameters().forEach((name, values) -> question.put(name, values.get(0)));
        String code = UUID.randomUUID().toString();
        grants.put(code, new Grant(question, email));
        return "%s?code=%s&state=%s"
                .formatted(
                        question.get("redirect_uri"),
                        code,
                        URLEncoder.encode(question.get("state"), StandardCharsets.UTF_8));
    }

    private void answer(HttpServerRequest request) {
        if (request.path().equals("/me") && person != null) {
            request.response().putHeader("Content-Type", "application/json").end(person.encode());
        } else if (request.path().equals("/token")) {
            request.setExpectMultipart(true);
            request.end().onSuccess(end -> grant(request));
        } else {
            request.response().setStatusCode(404).end();
        }
    }

    private void grant(HttpServerRequest request) {
        TokenAnswer answer = instead;
        if (answer != null && answer.status() == 0) {
            return;
        } else if (answer != null) {
            request.response()
                    .setStatusCode(answer.status())
                    .putHeader("Content-Type", "application/json")
                    .end(answer.text());
            return;
        }
        try {
            MultiMap form = request.formAttributes();
            Grant grant = grants.remove(form.get("code"));
            boolean ours = grant != null
                    && grant.question().get("redirect_uri").equals(form.get("redirect_uri"))
                    && grant.question().get("code_challenge").equals(sha256(form.get("code_verifier")))
                    && authorization().equals(request.getHeader("Authorization"));
            if (!ours) {
                json(request, 400, new JsonObject().put("error", "invalid_grant"));
                return;
            }
            JWTClaimsSet.Builder claims = issuer.claims(CLIENT)
                    .issueTime(new Date())
                    .claim("nonce", grant.question().get("nonce"))
                    .claim("email", grant.email())
                    .claim("email_verified", true);
            json(
                    request,
                    200,
                    new JsonObject()
                            .put("access_token", "access")
                            .put("token_type", "Bearer")
                            .put(
                                    "id_token",
                                    TestIssuer.sign(
                                            bend.apply(claims).build(), signer == null ? issuer.key() : signer)));
        } catch (Exception e) {
            request.response().setStatusCode(500).end(e.toString());
        }
    }

    private static void json(HttpServerRequest request, int status, JsonObject body) {
        request.response()
                .setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(body.encode());
    }

    /** Both parts are encoded as in forms before they are put together (RFC 6749, 2.3.1). */
    private static String authorization() {
        String both = URLEncoder.encode(CLIENT, StandardCharsets.UTF_8) + ":"
                + URLEncoder.encode(SECRET, StandardCharsets.UTF_8);
        return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    }

    @Override
    public void close() {
        issuer.close();
    }
}
