package dev.culvert.edge.ssh;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.testkit.SettableClock;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.cipher.ECCurves;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signatures by OpenSSH's own {@code ssh-keygen}; those that it does not make are made up. */
@Timeout(120)
class KeyAuthenticatorTest {
    private static final String HOST = "tunnel.example.com";
    private static final String MEANT = "owner=\"ann\",names=\"ann-*,shop\" ";
    private static final String SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com";

    private static Vertx vertx;

    @TempDir
    Path folder;

    private final SettableClock clock = new SettableClock();
    private final BlockingQueue<Identity> revoked = new LinkedBlockingQueue<>();
    private Path file;
    private Keygen ann;
    private KeyAuthenticator authenticator;

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
        file = folder.resolve("keys");
        ann = Keygen.make(folder.resolve("ann"), "-t", "ed25519");
        list(MEANT + ann.publicLine());
        authenticator = KeyAuthenticator.start(vertx, file, List.of(HOST, "localhost"), Duration.ofMillis(10), clock)
                .await(10, TimeUnit.SECONDS);
        authenticator.onRevoked(revoked::add);
    }

    @AfterEach
    void close() {
        authenticator.close();
    }

    @Test
    void keyIsWhoItsLineSays() throws Exception {
        Identity identity = authenticate(proof(ann));

        KeyLine line = KeyLine.parse((MEANT + ann.publicLine()).strip());
        assertEquals("ann", identity.owner());
        assertEquals(new NamePatterns(List.of("ann-*", "shop")), identity.names());
        assertEquals(line.identity(), identity, "as for ssh -R");
        assertNull(identity.ends());
        assertTrue(authenticator.stillCounts(identity));
        assertEquals(ReservedNames.NONE, authenticator.reserved());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ed25519", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048", "rsa -b 4096"})
    void keysOfEachKindCount(String kind) throws Exception {
        Keygen key = listed(("-t " + kind).split(" "));

        assertEquals("bob", authenticate(proof(key)).owner());
        byte[] bySha256 = key.sign(text(HOST, now()), "culvert", "-O", "hashalg=sha256");
        assertEquals("bob", authenticate(token(HOST, now(), bySha256)).owner());
        assertEquals(
                "bob",
                authenticate(token("localhost", now(), key.sign(text("localhost", now()), "culvert")))
                        .owner());
    }

    /** One on a hardware token, played: its signature has flags and a counter, and stands for a touch. */
    @Test
    void keyOfAHardwareTokenCountsWhereSomebodyHasTouchedIt() throws Exception {
        KeyPair pair = KeyUtils.generateKeyPair("ecdsa-sha2-nistp256", 256);
        byte[] key = skKey((ECPublicKey) pair.getPublic());
        list("owner=\"bob\" %s %s\n".formatted(SK_ECDSA, base64(key)));
        await().untilAsserted(() ->
                assertEquals("bob", authenticate(skProof(pair, key, 1)).owner()));

        assertRefused(skProof(pair, key, 0), "the signature is not by the key SHA256:");
    }

    @Test
    void whoShowsNoSignatureHearsOfTheOption() {
        assertRefused(null, "this edge knows agents by their SSH keys: start the agent with --ssh-key FILE");
        assertRefused("cvt_something", "this edge knows agents by their SSH keys");
    }

    @Test
    void keyThatIsNotListedIsNamed() throws Exception {
        Keygen eve = Keygen.make(folder.resolve("eve"), "-t", "ed25519");

        assertRefused(
                proof(eve),
                "the key %s is not listed at this edge; ask its operator"
                        .formatted(KeyLine.parse(eve.publicLine().strip()).fingerprint()));
    }

    @Test
    void signatureIsForOneEdge() throws Exception {
        assertRefused(
                token("other.example.com", now(), ann.sign(text("other.example.com", now()), "culvert")),
                "the agent has signed for the host other.example.com, and this edge is tunnel.example.com: name the edge by that");
        assertRefused(
                token(HOST, now(), ann.sign(text("other.example.com", now()), "culvert")),
                "the signature is not by the key");
    }

    @Test
    void signatureIsForFiveMinutes() throws Exception {
        long then = now();
        String token = proof(ann);
        clock.advance(Duration.ofMinutes(5));
        assertEquals("ann", authenticate(token).owner());
        clock.advance(Duration.ofSeconds(1));
        assertRefused(
                token,
                "the agent's clock is 301 s behind the edge's, and 300 s are the most: set the one that is wrong");

        clock.advance(Duration.ofSeconds(-601));
        assertEquals("ann", authenticate(token).owner());
        clock.advance(Duration.ofSeconds(-1));
        assertRefused(token, "the agent's clock is 301 s ahead of the edge's");

        // The time beside it says nothing.
        assertRefused(token(HOST, now(), ann.sign(text(HOST, then), "culvert")), "the signature is not by the key");
        assertRefused(token.replaceFirst("[0-9]{10}", "999999999999"), "the agent's clock is");
    }

    @Test
    void signatureForAnotherProgramDoesNotCount() throws Exception {
        assertRefused(
                token(HOST, now(), ann.sign(text(HOST, now()), "git")),
                "this is no signature of ssh-keygen -Y sign -n culvert: its namespace is not culvert");
    }

    @Test
    void shortKeyOfRsaDoesNotCount() throws Exception {
        Keygen key = listed("-t", "rsa", "-b", "1024");

        assertRefused(proof(key), "RSA keys of less than 2048 bits do not count here");
    }

    @Test
    void sha1DoesNotCount() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        ByteArrayBuffer key = new ByteArrayBuffer();
        key.putRawPublicKey(pair.getPublic());
        list("ssh-rsa %s\n".formatted(base64(key.getCompactData())));

        for (String each : List.of("SHA256withRSA rsa-sha2-256", "SHA1withRSA ssh-rsa")) {
            String[] names = each.split(" ");
            Signature signer = Signature.getInstance(names[0]);
            signer.initSign(pair.getPrivate());
            signer.update(signed());
            String token = token(HOST, now(), blob(key.getCompactData(), names[1], signer.sign()));
            if (names[1].equals("ssh-rsa")) {
                assertRefused(token, "it is by a kind of key that does not count here");
            } else {
                await().until(() -> authenticator
                        .authenticate(hello(token))
                        .transform(done -> Future.succeededFuture(done.succeeded()))
                        .await());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ssh-dss", "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa", ""})
    void otherKindsOfKeysDoNotCount(String type) {
        ByteArrayBuffer key = new ByteArrayBuffer();
        key.putString(type);
        key.putBytes(new byte[32]);

        for (String algorithm : List.of(type, "ssh-ed25519")) {
            assertRefused(
                    token(HOST, now(), blob(key.getCompactData(), algorithm, new byte[64])),
                    "it is by a kind of key that does not count here");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sshsig:",
                "sshsig:::",
                "sshsig:1:host",
                "sshsig:1:host:",
                "sshsig:1:host:=",
                "sshsig:1:host:A",
                "sshsig:1:host:AAAA=A",
                "sshsig:1:host:AAAA",
                "sshsig:1:host:U1NIU0lH",
                "sshsig:01:host:AAAA",
                "sshsig:-1:host:AAAA",
                "sshsig:9999999999999:host:AAAA",
                "sshsig:99999999999999999999999:host:AAAA",
                "sshsig:1:ho st:AAAA",
                "sshsig:1:höst:AAAA",
                "sshsig:1:host:AAAA\n",
                "sshsig:x:host:AAAA"
            })
    void whatIsNoSignatureIsRefused(String token) {
        assertRefused(token, "this is no signature of ssh-keygen -Y sign -n culvert: ");
    }

    @Test
    void longTokenIsRefused() {
        assertRefused("sshsig:1:host:" + "A".repeat(8 * 1024), "it has more than 8192 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ed25519", "ecdsa", "rsa -b 2048"})
    void signatureThatHasSufferedIsRefused(String kind) throws Exception {
        Keygen key = listed(("-t " + kind).split(" "));
        byte[] good = key.sign(text(HOST, now()), "culvert");

        for (int length = 0; length < good.length; length++) {
            assertRefused(token(HOST, now(), Arrays.copyOf(good, length)), "");
        }
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] flipped = good.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(token(HOST, now(), flipped), "");
        }
        assertRefused(token(HOST, now(), Arrays.copyOf(good, good.length + 1)), "there is something behind it");
        String token = token(HOST, now(), good);
        for (int length = "sshsig:".length(); length < token.length(); length++) {
            assertRefused(token.substring(0, length), "");
        }
        assertEquals("bob", authenticate(token).owner());
    }

    @Test
    void keyThatIsTakenOutIsRefusedAndItsLanesEnd() throws Exception {
        Identity identity = authenticate(proof(ann));

        list("# nobody\n");

        assertEquals(identity, revoked.poll(10, TimeUnit.SECONDS));
        assertFalse(authenticator.stillCounts(identity));
        assertRefused(proof(ann), "is not listed");
    }

    @Test
    void keyWhoseLineChangedIsAnotherIdentity() throws Exception {
        Identity identity = authenticate(proof(ann));

        list("owner=\"ann\" " + ann.publicLine());

        assertEquals(identity, revoked.poll(10, TimeUnit.SECONDS));
        assertFalse(authenticator.stillCounts(identity));
        assertEquals(NamePatterns.ANY, authenticate(proof(ann)).names());
    }

    @Test
    void fileThatIsWrongIsNamedWithTheOption() throws Exception {
        Path wrong = Files.writeString(folder.resolve("wrong"), "nonsense\n");

        String fault = assertThrows(ConfigException.class, () -> KeyAuthenticator.start(
                                vertx, wrong, List.of(HOST), Duration.ofSeconds(1), clock)
                        .await(10, TimeUnit.SECONDS))
                .getMessage();

        assertTrue(fault.startsWith("--agent-keys: %s, line 1: ".formatted(wrong)), fault);
    }

    /** A key of bob's, once the file with it is in force. */
    private Keygen listed(String... kind) throws Exception {
        Keygen key = Keygen.make(folder.resolve("bob"), kind);
        Identity before = authenticate(proof(ann));
        list("owner=\"bob\" " + key.publicLine());
        assertEquals(before, revoked.poll(10, TimeUnit.SECONDS));
        return key;
    }

    private void list(String lines) throws IOException {
        Path next = Files.writeString(folder.resolve("next"), lines);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private String proof(Keygen key) throws Exception {
        return token(HOST, now(), key.sign(text(HOST, now()), "culvert"));
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private static String text(String host, long seconds) {
        return "culvert lane\n" + host + "\n" + seconds + "\n";
    }

    private static String token(String host, long seconds, byte[] signature) {
        return "sshsig:" + seconds + ":" + host + ":" + base64(signature);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private Identity authenticate(String token) throws Exception {
        return authenticator.authenticate(hello(token)).await(10, TimeUnit.SECONDS);
    }

    private void assertRefused(@Nullable String token, String words) {
        Throwable why = authenticator
                .authenticate(hello(token))
                .map(identity -> new AssertionError("taken for " + identity))
                .map(Throwable.class::cast)
                .otherwise(fault -> fault)
                .await();
        assertInstanceOf(UnauthorizedException.class, why, token);
        assertTrue(String.valueOf(why.getMessage()).contains(words), why.getMessage());
    }

    private static Hello hello(@Nullable String token) {
        return new Hello(List.of(Hello.VERSION), "test", "instance", List.of(), token, null, 65_536, false);
    }

    /** An SSHSIG, by whatever. */
    private static byte[] blob(byte[] key, String algorithm, byte[] signature) {
        ByteArrayBuffer inner = new ByteArrayBuffer();
        inner.putString(algorithm);
        inner.putBytes(signature);
        return blob(key, inner.getCompactData());
    }

    private static byte[] blob(byte[] key, byte[] signature) {
        ByteArrayBuffer blob = new ByteArrayBuffer();
        blob.putRawBytes("SSHSIG".getBytes(StandardCharsets.US_ASCII));
        blob.putUInt(1);
        blob.putBytes(key);
        blob.putString("culvert");
        blob.putString("");
        blob.putString("sha512");
        blob.putBytes(signature);
        return blob.getCompactData();
    }

    /** What is signed for {@link #HOST} now. */
    private byte[] signed() throws GeneralSecurityException {
        ByteArrayBuffer signed = new ByteArrayBuffer();
        signed.putRawBytes("SSHSIG".getBytes(StandardCharsets.US_ASCII));
        signed.putString("culvert");
        signed.putString("");
        signed.putString("sha512");
        signed.putBytes(
                MessageDigest.getInstance("SHA-512").digest(text(HOST, now()).getBytes(StandardCharsets.UTF_8)));
        return signed.getCompactData();
    }

    private static byte[] skKey(ECPublicKey key) {
        ByteArrayBuffer blob = new ByteArrayBuffer();
        blob.putString(SK_ECDSA);
        blob.putString("nistp256");
        blob.putBytes(ECCurves.encodeECPoint(key.getW(), key.getParams()));
        blob.putString("ssh:");
        return blob.getCompactData();
    }

    /** OpenSSH's PROTOCOL.u2f. */
    private String skProof(KeyPair pair, byte[] key, int flags) throws GeneralSecurityException {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        ByteArrayBuffer toSign = new ByteArrayBuffer();
        toSign.putRawBytes(sha256.digest("ssh:".getBytes(StandardCharsets.US_ASCII)));
        toSign.putByte((byte) flags);
        toSign.putUInt(7);
        toSign.putRawBytes(sha256.digest(signed()));
        Signature signer = Signature.getInstance("SHA256withECDSAinP1363Format");
        signer.initSign(pair.getPrivate());
        signer.update(toSign.getCompactData());
        byte[] both = signer.sign();
        ByteArrayBuffer numbers = new ByteArrayBuffer();
        numbers.putMPInt(new BigInteger(1, Arrays.copyOf(both, 32)));
        numbers.putMPInt(new BigInteger(1, Arrays.copyOfRange(both, 32, 64)));
        ByteArrayBuffer signature = new ByteArrayBuffer();
        signature.putString(SK_ECDSA);
        signature.putBytes(numbers.getCompactData());
        signature.putByte((byte) flags);
        signature.putUInt(7);
        return token(HOST, now(), blob(key, signature.getCompactData()));
    }
}
