package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
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

/**
 * The body of a {@link StoredTunnel}, field after field: key, owner, owned since, kind, host header, target, pool,
 * reserved until, revision, claims, networks, passwords' hashes and people of its admission,
 * whether that lets in preflights, response timeout. Texts are UTF-8 behind their length
 * (i32), each list stands behind the number of its items (i32), each claim behind the length of
 * the whole claim, and integers are big-endian. New fields go to the end, of the body and of a claim.
 */
final class TunnelCodec {
    private static final SharedTexts SHARED = new SharedTexts();

    private TunnelCodec() {}

    static byte[] encode(Tunnel tunnel, long revision) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        DataOutputStream out = new DataOutputStream(bytes);
        writeText(out, tunnel.key().value());
        writeText(out, tunnel.owner());
        out.writeLong(tunnel.ownedSinceMillis());
        writeText(out, tunnel.kind());
        writeText(out, tunnel.policy().hostHeader());
        writeText(out, tunnel.policy().target());
        out.writeBoolean(tunnel.policy().pool());
        out.writeLong(tunnel.reservedUntilMillis());
        out.writeLong(revision);
        out.writeInt(tunnel.claims().size());
        for (Claim claim : tunnel.claims()) {
            byte[] encoded = encode(claim);
            out.writeInt(encoded.length);
            out.write(encoded);
        }
        writeTexts(out, tunnel.policy().admission().networks().texts());
        writeTexts(out, tunnel.policy().admission().hashes());
        writeTexts(out, tunnel.policy().admission().people().all());
        out.writeBoolean(tunnel.policy().admission().preflights());
        out.writeInt(tunnel.policy().responseTimeoutMillis());
        return bytes.toByteArray();
    }

    static StoredTunnel decode(byte[] body) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
        TunnelKey key = new TunnelKey(readText(in));
        String owner = readShared(in);
        long ownedSinceMillis = in.readLong();
        String kind = readShared(in);
        String hostHeader = readShared(in);
        String target = readShared(in);
        boolean pool = in.readBoolean();
        long reservedUntilMillis = in.readLong();
        long revision = in.readLong();
        int count = in.readInt();
        Set<Claim> claims = new HashSet<>();
        for (int i = 0; i < count; i++) {
            claims.add(decodeClaim(readBytes(in)));
        }
        Admission admission = Admission.of(readTexts(in), readTexts(in), readTexts(in), in.readBoolean());
        Tunnel.Policy policy = new Tunnel.Policy(hostHeader, target, in.readInt(), pool, admission);
        return new StoredTunnel(
                new Tunnel(key, owner, ownedSinceMillis, kind, policy, claims, reservedUntilMillis), revision);
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
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
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
