package dev.culvert.edge.relay;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Tunnel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * All that can carry a tunnel in the cluster: the lanes of this node, then the other nodes with a claim on it, the less
 * loaded of two first, and those that stop or may be dead last; then those that have several lanes again. Safe for use by
 * any thread.
 */
public final class ClusterCarriers implements Carriers {
    private final Carriers here;
    private final Relay relay;

    /** @param here the carriers of this node alone */
    public ClusterCarriers(Carriers here, Relay relay) {
        this.here = here;
        this.relay = relay;
    }

    @Override
    public List<Carrier> to(Tunnel tunnel) {
        List<Carrier> own = here.to(tunnel);
        List<RelayCarrier> others = others(tunnel);
        if (others.isEmpty()) {
            return own;
        }
        Collections.shuffle(others, ThreadLocalRandom.current());
        others.sort(Comparator.comparingInt(RelayCarrier::turn));
        if (others.size() > 1 && others.get(0).turn() == others.get(1).turn()) {
            others.subList(0, 2).sort(Comparator.comparingInt(RelayCarrier::load));
        }
        List<Carrier> all = new ArrayList<>(own.size() + others.size());
        all.addAll(own);
        all.addAll(others);
        for (RelayCarrier other : others) {
            all.addAll(further(other, tunnel));
        }
        return all;
    }

    /** The node again for each further lane that it has: one agent of a pool may refuse what the next one takes. */
    private List<RelayCarrier> further(RelayCarrier first, Tunnel tunnel) {
        List<RelayCarrier> further = new ArrayList<>(0);
        int lanes = 0;
        for (Claim claim : tunnel.claims()) {
            if (claim.node().equals(first.node()) && lanes++ > 0 && !relay.isDoubtful(first.node())) {
                further.add(new RelayCarrier(relay, first.node(), lanes - 1));
            }
        }
        return further;
    }

    private List<RelayCarrier> others(Tunnel tunnel) {
        List<RelayCarrier> others = new ArrayList<>();
        for (Claim claim : tunnel.claims()) {
            boolean elsewhere = !claim.node().equals(relay.nodeId());
            if (elsewhere && others.stream().noneMatch(other -> other.node().equals(claim.node()))) {
                others.add(new RelayCarrier(relay, claim.node(), 0));
            }
        }
        return others;
    }
}
