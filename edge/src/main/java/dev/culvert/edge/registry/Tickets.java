package dev.culvert.edge.registry;

import dev.culvert.config.Secret;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Proofs that a name was somebody's, which their agent keeps: after a restart of the cluster, a lapse of the grace
 * period or a split, the name goes back to whoever had it first. Safe for use by any thread.
 *
 * <pre>
 *   0         1             9              17                        49
 *   +---------+-------------+--------------+-------------------------+
 *   | version | owned since | good until   | HMAC-SHA256, 32 bytes   |      in base64url, 66 characters
 *   +---------+-------------+--------------+-------------------------+
 *     u8        i64, ms       i64, ms        of these, key and owner
 * </pre>
 *
 * Name and owner are signed but not in it: whoever shows it says both.
 */
final class Tickets {
    /**
     * How long a ticket is good for after the bind that gave it: a laptop closed overnight. Longer would let owners come
     * back to names that have long been others'.
     */
    static final Duration GOOD_FOR = Duration.ofHours(24);

    /** How many places there are for what owners give back. */
    static final int PLACES = 1 << Short.SIZE;

    private static final byte VERSION = 1;
    private static final int SIGNED_BYTES = 1 + 2 * Long.BYTES;
    private static final int TICKET_BYTES = SIGNED_BYTES + 32;
    private static final int TICKET_CHARACTERS = 66;
    private static final String HMAC = "HmacSHA256";

    private final SecretKeySpec key;

    /**
     * What a ticket proves.
     *
     * @param ownedSinceMillis since when the name has been its owner's
     * @param issuedMillis when the ticket was given, by the clock of the node that gave it
     */
    record Proof(long ownedSinceMillis, long issuedMillis) {}

    Tickets(Secret secret) {
        this.key = new SecretKeySpec(secret.bytes(), HMAC);
        warmUp();
    }

    /**
     * Loads what signing needs, some of it from files. At the first bind there may be no file descriptor left, and what has
     * failed to load once fails until the process ends.
     */
    private void warmUp() {
        byte[] signature = signature(new byte[SIGNED_BYTES], TunnelKey.ofPort(1), "");
        assert signature.length == TICKET_BYTES - SIGNED_BYTES;
    }

    /** A ticket for the ownership of the tunnel. */
    String issue(Tunnel tunnel, long nowMillis) {
        ByteBuffer ticket = ByteBuffer.allocate(TICKET_BYTES)
                .put(VERSION)
                .putLong(tunnel.ownedSinceMillis())
                .putLong(nowMillis + GOOD_FOR.toMillis());
        ticket.put(signature(ticket.array(), tunnel.key(), tunnel.owner()));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(ticket.array());
    }

    /**
     * What the ticket proves of the owner and the name. Nothing for a ticket of somebody or something else, a
     * forged one, one that is past its time, or none: those are as good as none, never an error.
     */
    Optional<Proof> proof(@Nullable String ticket, TunnelKey key, String owner, long nowMillis) {
        if (ticket == null || ticket.length() != TICKET_CHARACTERS) {
            return Optional.empty();
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(ticket);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        ByteBuffer fields = ByteBuffer.wrap(bytes);
        byte version = fields.get();
        long ownedSince = fields.getLong();
        long goodUntil = fields.getLong();
        byte[] found = new byte[TICKET_BYTES - SIGNED_BYTES];
        fields.get(found);
        boolean genuine = MessageDigest.isEqual(found, signature(bytes, key, owner)); // In constant time.
        return genuine && version == VERSION && nowMillis < goodUntil
                ? Optional.of(new Proof(ownedSince, goodUntil - GOOD_FOR.toMillis()))
                : Optional.empty();
    }

    /**
     * The place, one of {@link #PLACES}, of what the owner gives back under the name. Only who has the secret can tell, so
     * nobody can look for a name that shares a certain other's.
     */
    int placeOf(TunnelKey tunnel, String owner) {
        byte[] none = new byte[SIGNED_BYTES]; // No ticket has version 0.
        return Short.toUnsignedInt(
                ByteBuffer.wrap(signature(none, tunnel, owner)).getShort());
    }

    private byte[] signature(byte[] ticket, TunnelKey tunnel, String owner) {
        try {
            ByteArrayOutputStream signed = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(signed);
            out.write(ticket, 0, SIGNED_BYTES);
            out.writeUTF(tunnel.value()); // With its length before it: "a" + "bc" is not "ab" + "c".
            out.writeUTF(owner);
            Mac mac = Mac.getInstance(HMAC);
            mac.init(key);
            return mac.doFinal(signed.toByteArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + HMAC, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
