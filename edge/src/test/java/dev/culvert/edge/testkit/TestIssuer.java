package dev.culvert.edge.testkit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemKeyCertOptions;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An OpenID Connect issuer by HTTPS on loopback: it publishes its configuration and its keys, and signs what a test wants.
 * It can be away, and come back at the same place.
 */
public final class TestIssuer implements AutoCloseable {
    /** One for all: they take their time to be made. */
    private static final RSAKey FIRST = newKey();

    private final Vertx vertx;
    private final Path folder;
    private final AtomicInteger fetches = new AtomicInteger();
    private volatile RSAKey key = FIRST;
    private volatile JsonObject configuration;
    private volatile @Nullable String published;
    private volatile Handler<HttpServerRequest> others =
            request -> request.response().setStatusCode(404).end();
    private HttpServer server;
    private int port;

    /**
     * Starts it.
     *
     * @param folder where its certificate and that of who signed it are written
     */
    public TestIssuer(Vertx vertx, Path folder) throws Exception {
        this.vertx = vertx;
        this.folder = folder;
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "issuer", authority.issue("localhost"));
        authority.writeOwn(folder);
        comeBack();
        configuration = new JsonObject().put("issuer", name()).put("jwks_uri", name() + "/keys");
    }

    /** What its tokens say in {@code iss}. */
    public String name() {
        return "https://localhost:" + port;
    }

    /** Who signs its certificate. */
    public Path ca() {
        return folder.resolve("test-authority.crt");
    }

    /** How often its keys were fetched. */
    public int fetches() {
        return fetches.get();
    }

    /** Its keys as it publishes them. */
    public String keys() {
        return new JWKSet(List.of(key)).toString(true);
    }

    /** The key that it signs with at the moment. */
    public RSAKey key() {
        return key;
    }

    /** Signs with another key from now on, and publishes that one alone. */
    public void changeKey() {
        key = newKey();
    }

    /** Publishes another configuration. */
    public void configure(JsonObject other) {
        configuration = other;
    }

    /** Answers with this text where its keys are; null for its keys, empty for no answer at all. */
    public void publish(@Nullable String text) {
        published = text;
    }

    /** Answers at all other paths by this. */
    public void answerOthers(Handler<HttpServerRequest> by) {
        others = by;
    }

    /** Answers nobody any more. */
    public void leave() {
        Nodes.await(server.close());
    }

    /** Listens again where it did. */
    public void comeBack() {
        HttpServerOptions options = new HttpServerOptions()
                .setSsl(true)
                .setKeyCertOptions(new PemKeyCertOptions()
                        .addCertPath(folder.resolve("issuer.crt").toString())
                        .addKeyPath(folder.resolve("issuer.key").toString()));
        server = Nodes.await(
                vertx.createHttpServer(options).requestHandler(this::answer).listen(port, "127.0.0.1"));
        port = server.actualPort();
    }

    private void answer(HttpServerRequest request) {
        switch (request.path()) {
            case "/.well-known/openid-configuration" -> request.response().end(configuration.encode());
            case "/keys" -> {
                fetches.incrementAndGet();
                String text = published;
                if (text == null) {
                    request.response().end(keys());
                } else if (!text.isEmpty()) {
                    request.response().end(text);
                }
            }
            default -> others.handle(request);
        }
    }

    /** Claims of a token for an hour, to go on with. */
    public JWTClaimsSet.Builder claims(String audience) {
        return new JWTClaimsSet.Builder()
                .issuer(name())
                .audience(audience)
                .subject("somebody")
                .jwtID(UUID.randomUUID().toString())
                .expirationTime(Date.from(Instant.now().plusSeconds(3600)));
    }

    /** The token that says this. */
    public String sign(JWTClaimsSet claims) throws JOSEException {
        return sign(claims, key);
    }

    /** The same, by another key. */
    public static String sign(JWTClaimsSet claims, RSAKey by) throws JOSEException {
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(by.getKeyID()).build(), claims);
        token.sign(new RSASSASigner(by));
        return token.serialize();
    }

    /** A key that no issuer has yet. */
    public static RSAKey newKey() {
        try {
            return new RSAKeyGenerator(2048).keyID(UUID.randomUUID().toString()).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        leave();
    }
}
