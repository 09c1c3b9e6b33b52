package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.Lane;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Unbind;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The names of one agent on its lane: those that it has, and those that the registry is being asked for.
 *
 * <pre>
 *   BIND ──► asked for ──► given: served ──► all nodes have heard: BOUND ──► UNBIND from either side, or the lane ends
 * </pre>
 *
 * Runs on the lane's event loop.
 */
final class LaneNames {
    private static final Logger LOGGER = LoggerFactory.getLogger(LaneNames.class);

    /** Names that one lane may have: far more than a person needs, and an end for a program that has gone wild. */
    private static final int MOST_NAMES = 2000;

    private final AgentLane holder;
    private final Lane lane;
    private final Lanes lanes;
    private final Map<Integer, TunnelKey> bound = new HashMap<>();
    private final Set<Question> asking = new HashSet<>();
    /** Given after they had been given up, and perhaps asked for again: there is one claim for both. */
    private final Set<TunnelKey> spare = new HashSet<>();

    /** A name that the agent has asked for, until the bind is over. */
    private static final class Question {
        private final Bind asked;
        /** What is served already, because other nodes may know it. */
        private @Nullable TunnelKey served;
        /** The agent does not want it any more. */
        private boolean givenUp;
        /** Why the operator has taken it away; null when that has not happened. */
        private @Nullable String takenAway;

        Question(Bind asked) {
            this.asked = asked;
        }
    }

    LaneNames(AgentLane holder, Lane lane, Lanes lanes) {
        this.holder = holder;
        this.lane = lane;
        this.lanes = lanes;
    }

    /** The agent asks for a name. */
    void bind(Bind asked, Identity owner) {
        if (bound.size() + asking.size() >= MOST_NAMES && !bound.containsKey(asked.id())) {
            refuse(
                    asked,
                    new NameRefusedException(
                            Bound.Code.NOT_ALLOWED, "this agent has %d names already".formatted(MOST_NAMES)));
            return;
        }
        Question question = new Question(asked);
        asking.add(question);
        lanes.binder()
                .bind(asked, owner, holder.claim(), key -> lane.eventLoop().execute(() -> serve(question, key)))
                .onComplete(answer -> lane.eventLoop().execute(() -> answered(question, answer)));
    }

    /** The agent wants the name no more. */
    void unbind(int bindId) {
        for (Question question : asking) {
            if (question.asked.id() == bindId) {
                question.givenUp = true;
                serveNoMore(question);
            }
        }
        TunnelKey key = bound.remove(bindId);
        if (key != null) {
            lanes.unbound(key, holder);
            giveUp(key);
        }
    }

    /** The name belongs to somebody else now; the agent is told. */
    void lose(TunnelKey key) {
        drop(key, CloseReason.NOT_HELD, "the name belongs to an older owner, who has come back");
    }

    /**
     * The operator takes the name away; the agent is told, at once or when it hears that it has the name.
     *
     * @return completes when the claim is gone
     */
    Future<Void> takeAway(TunnelKey key, String why) {
        for (Question question : asking) {
            if (key.equals(question.served)) {
                question.takenAway = why;
            }
        }
        drop(key, CloseReason.CLOSED, why);
        return lanes.registry().giveUp(key, holder.claim());
    }

    /** The agent takes no more visitors here; its names stay reserved for it. */
    void leave() {
        for (TunnelKey key : bound.values()) {
            lanes.unbound(key, holder);
            release(key);
        }
        bound.clear();
        asking.forEach(this::serveNoMore);
    }

    private void drop(TunnelKey key, CloseReason reason, String why) {
        List<Integer> ids = bound.entrySet().stream()
                .filter(entry -> entry.getValue().equals(key))
                .map(Map.Entry::getKey)
                .toList();
        ids.forEach(bound::remove);
        lanes.unbound(key, holder);
        ids.forEach(id -> lane.send(new Frame.UnbindFrame(new Unbind(id, reason, why))));
    }

    /**
     * The name is given, and the bind not over: other nodes that know of it send visitors. An agent that had the name on
     * another lane serves them; one that is new to it refuses who comes before its BOUND.
     */
    private void serve(Question question, TunnelKey key) {
        if (lane.takesStreams() && !question.givenUp) {
            question.served = key;
            lanes.bound(key, holder);
        }
    }

    private void serveNoMore(Question question) {
        TunnelKey key = question.served;
        if (key != null && !bound.containsValue(key)) {
            lanes.unbound(key, holder);
        }
    }

    private void answered(Question question, AsyncResult<Registry.Grant> answer) {
        asking.remove(question);
        if (answer.failed()) {
            if (question.served != null) {
                takeBack(question.served);
            }
            refuse(question.asked, answer.cause());
        } else if (question.givenUp) {
            spare.add(answer.result().tunnel().key());
        } else {
            grantedOrRefused(question, answer.result());
        }
        spare.removeIf(this::isSettled);
    }

    private void grantedOrRefused(Question question, Registry.Grant grant) {
        TunnelKey key = grant.tunnel().key();
        boolean isNew = !bound.containsValue(key);
        try {
            granted(question, grant);
        } catch (RuntimeException | Error e) { // As when a class cannot be loaded: the agent has not heard of its name.
            if (isNew) {
                bound.values().remove(key);
                takeBack(key);
            }
            refuse(question.asked, e);
        }
    }

    /** A claim was made, and its agent hears that it was not: nobody else would ever take it back. */
    private void takeBack(TunnelKey key) {
        if (bound.containsValue(key)) {
            return; // It had the name before, and keeps it.
        }
        lanes.unbound(key, holder);
        if (isAskedFor(key)) {
            spare.add(key);
        } else {
            release(key);
        }
    }

    private void granted(Question question, Registry.Grant grant) {
        Bind asked = question.asked;
        TunnelKey key = grant.tunnel().key();
        if (!lane.takesStreams()) {
            spare.remove(key);
            release(key);
            return;
        }
        TunnelKey before = bound.put(asked.id(), key);
        if (before != null && !before.equals(key)) {
            lanes.unbound(before, holder);
            release(before);
        }
        lanes.bound(key, holder);
        lane.send(new Frame.BoundFrame(Bound.granted(
                asked.id(),
                key.value(),
                lanes.binder().nameOf(key),
                lanes.binder().urlOf(grant.tunnel()),
                grant.ticket())));
        if (question.takenAway != null) {
            takeAway(key, question.takenAway).onFailure(cause -> notReleased(key, cause));
        }
    }

    /** Whether nothing is left to be done about a spare name: the agent has it, or it has just been given back. */
    private boolean isSettled(TunnelKey key) {
        if (bound.containsValue(key)) {
            return true;
        }
        if (isAskedFor(key)) {
            return false;
        }
        giveUp(key);
        return true;
    }

    private boolean isAskedFor(TunnelKey key) {
        String name = lanes.binder().nameOf(key);
        return asking.stream().anyMatch(question -> !question.givenUp && isFor(question.asked, key, name));
    }

    private static boolean isFor(Bind asked, TunnelKey key, String name) {
        return key.isPort()
                ? name.equals(String.valueOf(asked.port()))
                : name.equals(asked.name()) || key.name().equals(asked.name());
    }

    private void refuse(Bind asked, Throwable cause) {
        Bound.Code code = Bound.Code.INTERNAL;
        String message = "the edge could not bind the name; it will say more in its log";
        if (cause instanceof NameRefusedException refused) {
            code = refused.code();
            message = String.valueOf(refused.getMessage());
        } else {
            LOGGER.atError()
                    .setCause(cause)
                    .addKeyValue("lane", holder.id())
                    .addKeyValue("tunnel", asked.name())
                    .log("bind failed");
        }
        lane.send(new Frame.BoundFrame(Bound.refused(asked.id(), code, message)));
    }

    private void giveUp(TunnelKey key) {
        lanes.registry().giveUp(key, holder.claim()).onFailure(cause -> notReleased(key, cause));
    }

    private void release(TunnelKey key) {
        lanes.registry().release(key, holder.claim()).onFailure(cause -> notReleased(key, cause));
    }

    private void notReleased(TunnelKey key, Throwable cause) {
        // A node that stops takes its claims with it, whether or not it still manages to say so.
        LOGGER.atLevel(lanes.isDraining() ? Level.DEBUG : Level.WARN)
                .setCause(cause)
                .addKeyValue("tunnel", key)
                .addKeyValue("lane", holder.id())
                .log("claim could not be taken back; the sweep will");
    }
}
