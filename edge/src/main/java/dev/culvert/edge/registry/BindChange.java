package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import dev.culvert.admission.Admission;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a name for its owner and adds a claim, or, when it {@linkplain #assertedAgain asserts} one again, sees to it
 * that the claim is still there.
 *
 * <ul>
 *   <li>A free name becomes the owner's, as does one whose grace is over.
 *   <li>A name of another owner is refused, unless the ownership that comes with it is proven and older, and was
 *       proven {@linkplain #against against} this other one.
 *   <li>The same agent instance replaces its claim on the same node and adds to those on others.
 *   <li>Another instance of the same owner is let in when both pool, and let in the same visitors. One that has a claim
 *       already may change that for all of them.
 * </ul>
 */
final class BindChange extends Change {
    /** No ownership is proven. */
    static final long UNPROVEN = Long.MAX_VALUE;

    /**
     * Claims on one name: each agent has one for each node that it has a lane to, so that 128 agents share a name with
     * their usual two lanes. All of them, some 30 KiB, go to every node with each that comes or goes. Halves of a
     * cluster that find each other again may bring more; then nothing is added until enough have gone.
     */
    static final int MOST_CLAIMS = 256;

    private Tunnel.Policy policy = new Tunnel.Policy("", "", 0, false, Admission.EVERYBODY);
    private Claim claim = new Claim("", "", "");
    private String owner = "";
    private String kind = "";
    private boolean changes;
    private long nowMillis;
    private long provenSinceMillis = UNPROVEN;
    private Set<String> goneNodes = Set.of();
    private boolean assertedAgain;
    private @Nullable Ownership against;

    /** For Hazelcast, which reads the rest. */
    BindChange() {}

    /**
     * @param provenSinceMillis since when a ticket says that the owner has the name, or {@link #UNPROVEN}
     * @param goneNodes nodes that have left; their claims count for nothing
     */
    BindChange(Registry.Request request, long nowMillis, long provenSinceMillis, Set<String> goneNodes) {
        this.policy = request.policy();
        this.claim = request.claim();
        this.owner = request.owner();
        this.kind = request.kind();
        this.changes = request.changes();
        this.nowMillis = nowMillis;
        this.provenSinceMillis = provenSinceMillis;
        this.goneNodes = goneNodes;
    }

    /** The same for a claim that was granted before: changes nothing but what is missing of it. */
    static BindChange assertedAgain(Registry.Request request, long nowMillis, long sinceMillis, Set<String> goneNodes) {
        BindChange change = new BindChange(request, nowMillis, sinceMillis, goneNodes);
        change.assertedAgain = true;
        return change;
    }

    /**
     * The same against another ownership, which was seen before the ticket was looked at. One that came after that may have
     * the name because its owner has just given it back.
     */
    BindChange against(Ownership other) {
        against = other;
        return this;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        if (before == null) {
            return Outcome.done(new StoredTunnel(taken(key), 1));
        }
        Tunnel tunnel = before.tunnel();
        if (tunnel.owner().equals(owner)) {
            return join(before);
        }
        if (tunnel.isFreeAt(nowMillis)) {
            return Outcome.done(before.changedTo(taken(key)));
        }
        Ownership present = Ownership.of(tunnel);
        return isProvenOlderThan(present) && (assertedAgain || present.equals(against))
                ? Outcome.done(before.changedTo(taken(key)))
                : new Outcome(Outcome.Verdict.TAKEN, before);
    }

    /** Whether the owner would have the name, if only the ownership counted. */
    boolean isProvenOlderThan(Ownership other) {
        return provenSinceMillis != UNPROVEN && new Ownership(owner, provenSinceMillis).isOlderThan(other);
    }

    private Tunnel taken(TunnelKey key) {
        return new Tunnel(key, owner, Math.min(nowMillis, provenSinceMillis), kind, policy, Set.of(claim), 0);
    }

    private Outcome join(StoredTunnel before) {
        Tunnel tunnel = before.tunnel();
        if (assertedAgain && tunnel.claims().contains(claim)) {
            return Outcome.done(before);
        }
        if (assertedAgain && tunnel.claims().stream().anyMatch(this::isReplaced)) {
            return Outcome.done(before); // A newer lane of the same agent took its place while this was on its way.
        }
        Set<Claim> claims = new HashSet<>(tunnel.claims());
        claims.removeIf(other -> goneNodes.contains(other.node()) || isReplaced(other));
        boolean others = claims.stream().anyMatch(other -> !other.instance().equals(claim.instance()));
        if (others && !tunnel.kind().equals(kind)) {
            return new Outcome(Outcome.Verdict.OTHER_KIND, before);
        }
        if (others && !(tunnel.policy().pool() && policy.pool())) {
            return new Outcome(Outcome.Verdict.NOT_POOLED, before);
        }
        boolean mayDiffer = assertedAgain || (changes && isAgentsAlready(tunnel));
        if (others && !mayDiffer && !tunnel.policy().hasAdmissionOf(policy)) {
            // Or one of a pool could open all others to everybody by mistake.
            return new Outcome(Outcome.Verdict.OTHER_ADMISSION, before);
        }
        if (claims.size() >= MOST_CLAIMS) {
            return new Outcome(Outcome.Verdict.FULL, before);
        }
        claims.add(claim);
        boolean asItIs = assertedAgain && !tunnel.claims().isEmpty();
        return Outcome.done(before.changedTo(new Tunnel(
                tunnel.key(),
                owner,
                Math.min(tunnel.ownedSinceMillis(), provenSinceMillis),
                asItIs ? tunnel.kind() : kind,
                asItIs ? tunnel.policy() : policy,
                claims,
                0)));
    }

    /** Whether the asking agent has the name, here or on another node, and so can change what it is. */
    private boolean isAgentsAlready(Tunnel tunnel) {
        return tunnel.claims().stream()
                .anyMatch(other -> other.instance().equals(claim.instance()) && !goneNodes.contains(other.node()));
    }

    private boolean isReplaced(Claim other) {
        return other.node().equals(claim.node()) && other.instance().equals(claim.instance());
    }

    @Override
    public int getClassId() {
        return RegistryTypes.BIND;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeByteArray(TunnelCodec.encode(claim));
        out.writeString(owner);
        out.writeString(kind);
        out.writeByteArray(TunnelCodec.encode(policy));
        out.writeBoolean(changes);
        out.writeLong(nowMillis);
        out.writeLong(provenSinceMillis);
        out.writeStringArray(goneNodes.toArray(String[]::new));
        out.writeBoolean(assertedAgain);
        out.writeString(against == null ? null : against.owner());
        out.writeLong(against == null ? 0 : against.sinceMillis());
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        claim = TunnelCodec.decodeClaim(Objects.requireNonNull(in.readByteArray()));
        owner = Objects.requireNonNull(in.readString());
        kind = Objects.requireNonNull(in.readString());
        policy = TunnelCodec.decodePolicy(Objects.requireNonNull(in.readByteArray()));
        changes = in.readBoolean();
        nowMillis = in.readLong();
        provenSinceMillis = in.readLong();
        goneNodes = Set.of(Objects.requireNonNull(in.readStringArray()));
        assertedAgain = in.readBoolean();
        String otherOwner = in.readString();
        long otherSinceMillis = in.readLong();
        against = otherOwner == null ? null : new Ownership(otherOwner, otherSinceMillis);
    }
}
