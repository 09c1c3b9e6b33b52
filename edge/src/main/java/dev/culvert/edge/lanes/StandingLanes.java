package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Identity;
import dev.culvert.wire.Hello;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The lanes that stand on this node, by their agents, and how many more there may be. Of one agent, which is an instance
 * of an owner's, there is one; and beside it those that it was asked to leave. Safe for use by any thread.
 */
final class StandingLanes {
    private final int most;
    private final int mostOfOwner;
    private final Map<Agent, List<AgentLane>> byAgent = new HashMap<>();
    private final Map<String, Integer> byOwner = new HashMap<>();
    private int count;

    /**
     * None yet.
     *
     * @param most how many there may be; half as many of one owner, or that one could shut all others out
     */
    StandingLanes(int most) {
        this.most = most;
        this.mostOfOwner = Math.max(1, most / 2);
    }

    private record Agent(String owner, String instance) {}

    /** What becomes of a lane whose agent is known now. */
    enum Verdict {
        STANDS,
        /** The agent has a live lane here: it should dial again and reach another node. */
        ALREADY_HERE,
        /** The node has as many as it has room for. */
        FULL,
        /** The owner has as many here as one may have. */
        OWNER_FULL
    }

    /**
     * Lets it in, if it may.
     *
     * @param replaced is given the agent's lanes that it does not list any more: it has given them up, they are half dead,
     *     and do not stand from now on
     */
    synchronized Verdict enter(AgentLane newcomer, Hello hello, Identity identity, List<AgentLane> replaced) {
        Agent agent = new Agent(identity.owner(), hello.instance());
        boolean alreadyHere = false;
        for (AgentLane other : byAgent.getOrDefault(agent, List.of())) {
            if (!hello.lanes().contains(other.id())) {
                replaced.add(other);
            } else if (!other.isExpired()) { // Who was asked to come again does; the other ends when its streams have.
                alreadyHere = true;
            }
        }
        replaced.forEach(other -> remove(agent, other));
        if (alreadyHere) {
            return Verdict.ALREADY_HERE;
        } else if (count >= most) {
            return Verdict.FULL;
        } else if (byOwner.getOrDefault(agent.owner(), 0) >= mostOfOwner) {
            return Verdict.OWNER_FULL;
        }
        byAgent.computeIfAbsent(agent, first -> new ArrayList<>(1)).add(newcomer);
        byOwner.merge(agent.owner(), 1, Integer::sum);
        count++;
        return Verdict.STANDS;
    }

    /** It has ended, whether it stood or not. */
    synchronized void leave(AgentLane lane) {
        Identity identity = lane.identity();
        if (identity != null) {
            remove(new Agent(identity.owner(), lane.instance()), lane);
        }
    }

    synchronized int count() {
        return count;
    }

    private void remove(Agent agent, AgentLane lane) {
        List<AgentLane> lanes = byAgent.get(agent);
        if (lanes == null || !lanes.remove(lane)) {
            return;
        }
        if (lanes.isEmpty()) {
            byAgent.remove(agent);
        }
        byOwner.computeIfPresent(agent.owner(), (owner, many) -> many == 1 ? null : many - 1);
        count--;
    }
}
