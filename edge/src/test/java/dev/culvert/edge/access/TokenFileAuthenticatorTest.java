package dev.culvert.edge.access;

import static dev.culvert.edge.access.Greetings.withToken;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFileAuthenticatorTest {
    private static final Token ANN = Token.create("ann", NamePatterns.parse("shop"));
    private static final Token BOB = Token.create("bob", NamePatterns.ANY);

    private static Vertx vertx;

    @TempDir
    Path directory;

    private Path path;
    private TokenFileAuthenticator authenticator;
    private final BlockingQueue<Identity> revoked = new LinkedBlockingQueue<>();

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void closeVertx() {
        vertx.close().await();
    }

    @BeforeEach
    void start() throws Exception {
        path = directory.resolve("tokens.txt");
        replace(ANN.line().toString(), BOB.line().toString());
        authenticator = TokenFileAuthenticator.start(vertx, new TokenFile(path), Duration.ofMillis(10))
                .await(10, TimeUnit.SECONDS);
        authenticator.onRevoked(revoked::add);
    }

    @AfterEach
    void close() {
        authenticator.close();
    }

    @Test
    void aTokenIsTheOwnerOfItsLine() {
        Identity identity = authenticate(ANN);
        assertEquals("ann", identity.owner());
        assertEquals(NamePatterns.parse("shop"), identity.names());
    }

    @Test
    void unknownAndMissingTokensAreRefusedInWords() {
        Throwable unknown = authenticator.authenticate(withToken("cvt_unknown")).cause();
        assertInstanceOf(UnauthorizedException.class, unknown);
        assertTrue(unknown.getMessage().endsWith("ask the edge's operator for a new one"), unknown.getMessage());
        assertInstanceOf(
                UnauthorizedException.class,
                authenticator.authenticate(withToken(null)).cause());
    }

    @Test
    void aLineThatIsTakenOutRevokesItsToken() throws Exception {
        Identity ann = authenticate(ANN);
        replace(BOB.line().toString());
        assertEquals(ann, revoked.poll(10, TimeUnit.SECONDS));
        assertInstanceOf(
                UnauthorizedException.class,
                authenticator.authenticate(withToken(ANN.secret().reveal())).cause());
        assertNotNull(authenticate(BOB));
        assertNull(revoked.poll());
    }

    @Test
    void aLineWithOtherPatternsRevokesTheOldIdentity() throws Exception {
        Identity ann = authenticate(ANN);
        TokenLine wider = new TokenLine("ann", ANN.line().hash(), NamePatterns.ANY);
        replace(wider.toString(), BOB.line().toString());
        assertEquals(ann, revoked.poll(10, TimeUnit.SECONDS));
        assertEquals(NamePatterns.ANY, authenticate(ANN).names());
    }

    @Test
    void aNewLineIsGoodWithoutARestart() throws Exception {
        Token eve = Token.create("eve", NamePatterns.ANY);
        new TokenFile(path).append(eve.line());
        await().until(() ->
                authenticator.authenticate(withToken(eve.secret().reveal())).succeeded());
        assertNull(revoked.poll());
    }

    @Test
    void aBrokenFileKeepsTheTokensReadBefore() throws Exception {
        replace("nonsense");
        Token later = Token.create("later", NamePatterns.ANY);
        await().during(Duration.ofMillis(100)).until(() -> authenticator
                .authenticate(withToken(ANN.secret().reveal()))
                .succeeded());
        // And goes on watching.
        replace(ANN.line().toString(), BOB.line().toString(), later.line().toString());
        await().until(() ->
                authenticator.authenticate(withToken(later.secret().reveal())).succeeded());
        assertNull(revoked.poll());
    }

    @Test
    void aFileThatVanishesForAWhileKeepsTheTokensReadBefore() throws Exception {
        Files.delete(path);
        await().during(Duration.ofMillis(100)).until(() -> authenticator
                .authenticate(withToken(ANN.secret().reveal()))
                .succeeded());
        replace(BOB.line().toString());
        assertEquals("ann", revoked.poll(10, TimeUnit.SECONDS).owner());
    }

    @Test
    void anEmptyFileKeepsTheTokensReadBefore() throws Exception {
        replace();
        Token later = Token.create("later", NamePatterns.ANY);
        await().during(Duration.ofMillis(100)).until(() -> authenticator
                .authenticate(withToken(ANN.secret().reveal()))
                .succeeded());
        // And goes on watching.
        replace(ANN.line().toString(), BOB.line().toString(), later.line().toString());
        await().until(() ->
                authenticator.authenticate(withToken(later.secret().reveal())).succeeded());
        assertNull(revoked.poll());
    }

    @Test
    void aFileOfCommentsAloneWithdrawsAllTokens() throws Exception {
        replace("# none");
        assertEquals("ann", revoked.poll(10, TimeUnit.SECONDS).owner());
        assertEquals("bob", revoked.poll(10, TimeUnit.SECONDS).owner());
    }

    @Test
    void theLastTokensAreWithdrawnToo() throws Exception {
        new TokenFile(path).remove(line -> true);
        assertEquals("ann", revoked.poll(10, TimeUnit.SECONDS).owner());
        assertEquals("bob", revoked.poll(10, TimeUnit.SECONDS).owner());
    }

    @Test
    void nameThatStandsInTheFileIsKeptForTheOwnersOfItsLines() throws Exception {
        Identity ann = authenticate(ANN);
        Identity bob = authenticate(BOB);

        assertTrue(authenticator.reserved().keepHostFrom(bob, "shop.example.com", "example.com"));
        assertFalse(authenticator.reserved().keepHostFrom(ann, "shop.example.com", "example.com"));
        assertFalse(authenticator.reserved().keepHostFrom(bob, "blog.example.com", "example.com"));

        // A second token of hers, and a line of his beside the one with the star.
        replace(
                ANN.line().toString(),
                BOB.line().toString(),
                Token.create("ann", NamePatterns.parse("tcp:2222")).line().toString(),
                Token.create("bob", NamePatterns.parse("shop")).line().toString());

        await().until(() -> !authenticator.reserved().keepHostFrom(bob, "shop.example.com", "example.com"));
        assertFalse(authenticator.reserved().keepHostFrom(ann, "shop.example.com", "example.com"));
        assertFalse(authenticator.reserved().keepPortFrom(ann, 2222));
        assertTrue(authenticator.reserved().keepPortFrom(bob, 2222));
        assertNull(revoked.poll(), "nobody's token has changed");
    }

    @Test
    void anEmptyFileAtStartTakesTokensLater() throws Exception {
        Path empty = Files.createFile(directory.resolve("empty.txt"));
        TokenFileAuthenticator started = TokenFileAuthenticator.start(
                        vertx, new TokenFile(empty), Duration.ofMillis(10))
                .await(10, TimeUnit.SECONDS);
        new TokenFile(empty).append(ANN.line());
        await().until(() -> started.identityOf(ANN.secret().reveal()) != null);
        started.close();
    }

    @Test
    void aBrokenFileAtStartIsRefusedWithItsLine() throws Exception {
        replace(ANN.line().toString(), "nonsense");
        Throwable refusal = assertThrows(ConfigException.class, () -> TokenFileAuthenticator.start(
                        vertx, new TokenFile(path), Duration.ofSeconds(1))
                .await(10, TimeUnit.SECONDS));
        assertTrue(refusal.getMessage().contains("line 2"), refusal.getMessage());
    }

    @Test
    void aMissingFileAtStartIsRefusedInWords() {
        TokenFile missing = new TokenFile(directory.resolve("missing.txt"));
        Throwable refusal = assertThrows(
                ConfigException.class, () -> TokenFileAuthenticator.start(vertx, missing, Duration.ofSeconds(1))
                        .await(10, TimeUnit.SECONDS));
        assertTrue(refusal.getMessage().contains("does not exist; culvert token create"), refusal.getMessage());
    }

    @Test
    void aFolderIsRefusedInWords() {
        Throwable refusal = assertThrows(ConfigException.class, () -> TokenFileAuthenticator.start(
                        vertx, new TokenFile(directory), Duration.ofSeconds(1))
                .await(10, TimeUnit.SECONDS));
        assertEquals(
                "--tokens: the tokens file does not open: %s is a folder, not a file".formatted(directory),
                refusal.getMessage());
    }

    private Identity authenticate(Token token) {
        return authenticator.authenticate(withToken(token.secret().reveal())).result();
    }

    /** As editors do: a new file takes the old one's place. */
    private void replace(String... lines) throws IOException {
        Path next = directory.resolve("tokens.new");
        Files.write(next, List.of(lines));
        Files.move(next, path, StandardCopyOption.REPLACE_EXISTING);
    }
}
