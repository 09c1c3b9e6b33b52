package dev.culvert.edge.ssh;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * A signature by an SSH key, as {@code ssh-keygen -Y sign} makes it (OpenSSH's PROTOCOL.sshsig):
 *
 * <pre>
 * byte[6]  SSHSIG
 * u32      version, 1
 * string   public key: string type, …
 * string   namespace
 * string   reserved
 * string   hash, sha256 or sha512
 * string   signature: string algorithm, …
 * </pre>
 *
 * A string is the u32 of its length and so many bytes. What is signed is the same without version, public key and signature, and with
 * the hash of the text behind it.
 */
final class SshSignature {
    /** What keeps signatures apart that one key makes for different programs. */
    private static final String NAMESPACE = "culvert";

    private static final byte[] MAGIC = "SSHSIG".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int SMALLEST_RSA_BITS = 2048;
    private static final String RSA = "ssh-rsa";

    /** Names of hashes, and what Java calls them. */
    private static final Map<String, String> HASHES = Map.of("sha256", "SHA-256", "sha512", "SHA-512");

    /** No DSA, no SHA-1, no certificates: who has signed those is not known here. */
    private static final Map<String, BuiltinSignatures> ALGORITHMS = Stream.of(
                    BuiltinSignatures.ed25519,
                    BuiltinSignatures.sk_ssh_ed25519,
                    BuiltinSignatures.nistp256,
                    BuiltinSignatures.nistp384,
                    BuiltinSignatures.nistp521,
                    BuiltinSignatures.sk_ecdsa_sha2_nistp256,
                    BuiltinSignatures.rsaSHA256,
                    BuiltinSignatures.rsaSHA512)
            .collect(Collectors.toUnmodifiableMap(BuiltinSignatures::getName, algorithm -> algorithm));

    private final byte[] key;
    private final byte[] reserved;
    private final String hash;
    private final byte[] signature;
    private final BuiltinSignatures algorithm;

    private SshSignature(byte[] key, byte[] reserved, String hash, byte[] signature, BuiltinSignatures algorithm) {
        this.key = key;
        this.reserved = reserved;
        this.hash = hash;
        this.signature = signature;
        this.algorithm = algorithm;
    }

    /** Reads one; says in its exception what is wrong with it. Nothing of the key is read but its type. */
    static SshSignature parse(byte[] bytes) {
        try {
            return parse(ByteBuffer.wrap(bytes));
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("it is cut off", e);
        }
    }

    private static SshSignature parse(ByteBuffer in) {
        byte[] magic = new byte[MAGIC.length];
        in.get(magic);
        require(MessageDigest.isEqual(magic, MAGIC) && in.getInt() == VERSION, "it is no SSHSIG of version 1");
        byte[] key = bytes(in);
        require(text(in).equals(NAMESPACE), "its namespace is not " + NAMESPACE);
        byte[] reserved = bytes(in);
        String hash = text(in);
        require(HASHES.containsKey(hash), "its hash is neither sha256 nor sha512");
        byte[] signature = bytes(in);
        require(!in.hasRemaining(), "there is something behind it");
        String type = text(ByteBuffer.wrap(key));
        BuiltinSignatures algorithm = ALGORITHMS.get(text(ByteBuffer.wrap(signature)));
        if (algorithm == null || !type.equals(typeOf(algorithm))) {
            throw new IllegalArgumentException(
                    "it is by a kind of key that does not count here; wanted one of ssh-keygen -t ed25519, ecdsa, rsa, ed25519-sk or"
                            + " ecdsa-sk, without a certificate");
        }
        return new SshSignature(key, reserved, hash, signature, algorithm);
    }

    private static String typeOf(BuiltinSignatures algorithm) {
        return algorithm == BuiltinSignatures.rsaSHA256 || algorithm == BuiltinSignatures.rsaSHA512
                ? RSA
                : algorithm.getName();
    }

    /** Of the key, as {@link KeyLine} has it: who knows it knows that the key is well-formed. */
    String fingerprint() {
        return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest("SHA-256", key));
    }

    /** Whether the key is one that can be broken. For keys that are listed. */
    boolean isWeak() throws IOException {
        return key() instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() < SMALLEST_RSA_BITS;
    }

    /** Whether the key has signed this text. Takes its time; for keys that are listed. */
    boolean isOf(String text) {
        try {
            Signature verifier = algorithm.create();
            verifier.initVerifier(null, key());
            verifier.update(null, signed(text));
            return verifier.verify(null, signature);
        } catch (Exception e) { // Of many kinds, where the signature makes no sense.
            return false;
        }
    }

    private PublicKey key() throws IOException {
        try {
            return new ByteArrayBuffer(key).getRawPublicKey();
        } catch (RuntimeException e) {
            throw new IOException("it is by a key that makes no sense", e);
        }
    }

    private byte[] signed(String text) {
        ByteArrayBuffer signed = new ByteArrayBuffer();
        signed.putRawBytes(MAGIC);
        signed.putString(NAMESPACE);
        signed.putBytes(reserved);
        signed.putString(hash);
        signed.putBytes(digest(Objects.requireNonNull(HASHES.get(hash)), text.getBytes(StandardCharsets.UTF_8)));
        return signed.getCompactData();
    }

    private static byte[] digest(String algorithm, byte[] bytes) {
        try {
            return MessageDigest.getInstance(algorithm).digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java has it", e);
        }
    }

    /** ASCII where it counts: it is only compared. */
    private static String text(ByteBuffer in) {
        return new String(bytes(in), StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(ByteBuffer in) {
        int length = in.getInt();
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private static void require(boolean right, String otherwise) {
        if (!right) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
