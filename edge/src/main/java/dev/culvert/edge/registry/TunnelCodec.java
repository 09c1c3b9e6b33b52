package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Rate;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The body of a {@link StoredTunnel}, field after field: key, owner, owned since, kind, policy, reserved until, revision,
 * claims. A policy: the names of the ways in which it restricts visitors, host header, target, pool, response timeout,
 * networks, passwords' hashes, people, whether preflights are let in, and the rate, where it has one or something stands
 * behind it. Texts are UTF-8 behind their length (i32), each list stands behind the number of its items (i32), policy and
 * claims behind the length of the whole, and integers are big-endian.
 *
 * <p>A later release adds fields at the end, of the body, of a claim, or of the policy. This one skips them. Where it
 * changes the entry, those of body and claims are lost, and those of the policy stay ({@link UnreadPolicy}): what
 * restricts visitors belongs there, and its name into the first field. A release that finds nothing where it has added a
 * field has an entry of an earlier one before it.
 */
final class TunnelCodec {
    /** Restrictions by what the wire calls them, too ({@code docs/protocol.md}, BIND). */
    private static final String NETWORKS = "allowFrom";

    private static final String PASSWORDS = "passwords";
    private static final String PEOPLE = "people";

    /** For a policy that breaks the rule above: what it lets in cannot be told. */
    private static final String UNREADABLE = "unreadable";

    private static final SharedTexts SHARED = new SharedTexts();

    private TunnelCodec() {}

    static byte[] encode(Tunnel tunnel, long revision) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        DataOutputStream out = new DataOutputStream(bytes);
        writeText(out, tunnel.key().value());
        writeText(out, tunnel.owner());
        out.writeLong(tunnel.ownedSinceMillis());
        writeText(out, tunnel.kind());
        writeBytes(out, encode(tunnel.policy()));
        out.writeLong(tunnel.reservedUntilMillis());
        out.writeLong(revision);
        out.writeInt(tunnel.claims().size());
        for (Claim claim : tunnel.claims()) {
            writeBytes(out, encode(claim));
        }
        return bytes.toByteArray();
    }

    static StoredTunnel decode(byte[] body) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
        TunnelKey key = new TunnelKey(readText(in));
        String owner = readShared(in);
        long ownedSinceMillis = in.readLong();
        String kind = readShared(in);
        Tunnel.Policy policy = decodePolicy(readBytes(in));
        long reservedUntilMillis = in.readLong();
        long revision = in.readLong();
        int count = in.readInt();
        Set<Claim> claims = new HashSet<>();
        for (int i = 0; i < count; i++) {
            claims.add(decodeClaim(readBytes(in)));
        }
        return new StoredTunnel(
                new Tunnel(key, owner, ownedSinceMillis, kind, policy, claims, reservedUntilMillis), revision);
    }

    /** What was not read of it goes back as it came. */
    static byte[] encode(Tunnel.Policy policy) throws IOException {
        if (policy.unread().block().length() > 0) {
            return policy.unread().block().getBytes();
        }
        Admission admission = policy.admission();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
        DataOutputStream out = new DataOutputStream(bytes);
        writeTexts(out, restrictionsOf(admission));
        writeText(out, policy.hostHeader());
        writeText(out, policy.target());
        out.writeBoolean(policy.pool());
        out.writeInt(policy.responseTimeoutMillis());
        writeTexts(out, admission.networks().texts());
        writeTexts(out, admission.hashes());
        writeTexts(out, admission.people().all());
        out.writeBoolean(admission.preflights());
        if (policy.rate() != null) {
            writeText(out, policy.rate().toString());
        }
        return bytes.toByteArray();
    }

    /** What makes no sense here lets nobody in, and keeps nobody from reading the rest. */
    static Tunnel.Policy decodePolicy(byte[] block) {
        try {
            return readPolicy(block);
        } catch (IOException | ConfigException | IllegalArgumentException e) {
            UnreadPolicy unread = new UnreadPolicy(Set.of(UNREADABLE), Buffer.buffer(block));
            return new Tunnel.Policy("preserve", "", 0, false, Admission.EVERYBODY, null, unread);
        }
    }

    private static Tunnel.Policy readPolicy(byte[] block) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(block));
        List<String> restrictions = readTexts(in);
        String hostHeader = readShared(in);
        String target = readShared(in);
        boolean pool = in.readBoolean();
        int responseTimeoutMillis = in.readInt();
        Admission admission = Admission.of(readTexts(in), readTexts(in), readTexts(in), in.readBoolean());
        String rateText = in.available() == 0 ? "" : readText(in);
        Rate rate = rateOf(rateText);
        // What is named and is not there is not known either.
        Set<String> unknown = new HashSet<>(restrictions);
        restrictionsOf(admission).forEach(unknown::remove);
        boolean isRead = unknown.isEmpty() && in.available() == 0 && (rate != null || rateText.isEmpty());
        UnreadPolicy unread = isRead ? UnreadPolicy.NOTHING : new UnreadPolicy(unknown, Buffer.buffer(block));
        return new Tunnel.Policy(hostHeader, target, responseTimeoutMillis, pool, admission, rate, unread);
    }

    /** Null where there is none, and for one as a later release has it, which restricts nobody and stays as it was written. */
    private static @Nullable Rate rateOf(String text) {
        try {
            return text.isEmpty() ? null : Rate.parse(text);
        } catch (ConfigException e) {
            return null;
        }
    }

    private static List<String> restrictionsOf(Admission admission) {
        List<String> restrictions = new ArrayList<>();
        if (!admission.networks().isEmpty()) {
            restrictions.add(NETWORKS);
        }
        if (admission.asksForPassword()) {
            restrictions.add(PASSWORDS);
        }
        if (admission.asksForSignIn()) {
            restrictions.add(PEOPLE);
        }
        return restrictions;
    }

    static byte[] encode(Claim claim) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
        DataOutputStream out = new DataOutputStream(bytes);
        writeText(out, claim.node());
        writeText(out, claim.lane());
        writeText(out, claim.instance());
        return bytes.toByteArray();
    }

    static Claim decodeClaim(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        return new Claim(readShared(in), readShared(in), readShared(in));
    }

    private static void writeTexts(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            writeText(out, text);
        }
    }

    private static List<String> readTexts(DataInputStream in) throws IOException {
        List<String> texts = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            texts.add(readText(in));
        }
        return texts;
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        writeBytes(out, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String readText(DataInputStream in) throws IOException {
        return new String(readBytes(in), StandardCharsets.UTF_8);
    }

    private static String readShared(DataInputStream in) throws IOException {
        return SHARED.oneOf(readText(in));
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new EOFException("a field of %d bytes in a body with %d left".formatted(length, in.available()));
        }
        return in.readNBytes(length);
    }
}
