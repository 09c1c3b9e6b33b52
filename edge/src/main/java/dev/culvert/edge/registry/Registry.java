package dev.culvert.edge.registry;

import io.vertx.core.Future;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's map from name to tunnel and its claims. Eventually consistent for readers: a holder may say that it
 * holds a tunnel no longer, and a miss is only a miss once {@link #confirm} has said so.
 *
 * <p>Safe for use by any thread. Futures complete on the caller's Vert.x context where it has one.
 */
public interface Registry {

    /** The tunnel as this node knows it, without a look at the network; null when it knows none. */
    @Nullable
    Tunnel find(TunnelKey key);

    /**
     * The tunnel as its owner's copy has it. Concurrent questions for one key become one, and an empty answer is kept
     * for up to a second, so that guessing names costs the cluster little.
     *
     * @return fails with {@link RegistryBusyException} when too many unknown names are being asked for; whoever asked
     *     may come back in a second
     */
    Future<Optional<Tunnel>> confirm(TunnelKey key);

    /** All that this node knows, reserved names included. A snapshot. */
    Collection<Tunnel> tunnels();

    /** How many nodes the cluster has, this one included. */
    int nodes();

    /** The ids of the nodes that the cluster has, this one included. A snapshot. */
    Set<String> members();

    /** This node's id, new at each start. */
    String nodeId();

    /**
     * Takes a name for its owner, if it is free or the owner's already, and adds the claim. A claim of the same agent
     * instance on the same node replaces its older one.
     *
     * @param granted called, on any thread, once the claim stands: from then on other nodes send visitors here, though not
     *     all of them have heard of it. It must not block
     * @return completes when all have heard, with the tunnel as it is now and a fresh ticket; fails with
     *     {@link NameRefusedException}
     */
    Future<Grant> bind(Request request, Runnable granted);

    /** The same for a claim that nobody serves before the bind is over. */
    default Future<Grant> bind(Request request) {
        return bind(request, () -> {});
    }

    /** Takes the claim back because its lane ended. The name stays its owner's for the grace period. */
    Future<Void> release(TunnelKey key, Claim claim);

    /**
     * Takes the claim back because the agent gave the name up: without other claims the name is free at once, and its
     * owner's tickets from before are void.
     */
    Future<Void> giveUp(TunnelKey key, Claim claim);

    /**
     * Frees a name that nobody serves, before its owner's grace is over; its owner's tickets from before are void.
     *
     * @return whether the name is free now; false while there are claims on it
     */
    Future<Boolean> free(TunnelKey key);

    /**
     * Takes the claim back if another node has one for the name, so that visitors go there; its lane stays.
     *
     * @return whether the claim is gone; never fails
     */
    Future<Boolean> handOver(TunnelKey key, Claim claim);

    /**
     * Calls the listener, on any thread, with each claim of this node that has come to nothing because the name belongs
     * to another owner now, or to another agent of the same owner that does not share it: after a split, or because of
     * an older ticket. The claim is gone already; its agent is to be told. The listener must not block.
     */
    void onLost(BiConsumer<TunnelKey, Claim> listener);

    /** Calls the listener with each claim of this node that comes into force, and with each that does so no more. */
    void onClaims(ClaimListener listener);

    /** Leaves: no more calls. */
    Future<Void> close();

    /**
     * Who asks for which name.
     *
     * @param ticket from an earlier {@link Grant}, or null
     * @param changes whether whom the policy lets in is to hold for all who share the name, instead of what they let in;
     *     counts only of an agent that has a claim on it, on any node
     */
    record Request(
            TunnelKey key,
            String owner,
            String kind,
            Tunnel.Policy policy,
            Claim claim,
            @Nullable String ticket,
            boolean changes) {}

    /**
     * Hears of the claims of this node. Called on any thread, for one name in their order; it must neither block nor ask for
     * anything.
     */
    interface ClaimListener {
        /** The claim was granted, and all nodes have heard. Not called again where the same claim is bound anew. */
        void granted(Request request);

        /** It is in force no more: taken back, lost, left to another node, or replaced by a newer one of its agent. */
        void gone(Request request);
    }

    /** A name that was given. */
    record Grant(Tunnel tunnel, String ticket) {}
}
