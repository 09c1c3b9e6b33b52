package dev.culvert.agent;

import dev.culvert.agent.dial.Backoff;
import dev.culvert.agent.dial.EdgeLane;
import dev.culvert.agent.state.NameRecord;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Unbind;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one tunnel bound on all the agent's lanes: asks for its name on each, keeps the name across reconnects, and
 * decides what a refusal means. On the agent's context.
 *
 * <p>Until a name was granted there is one question at a time, so that two nodes do not make up two names.
 */
final class Binding {
    /** How long an edge may take to answer: a bind waits there while its cluster is changing. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

    /** How often an edge may fail by its own mistake before the tunnel was ever up: its cluster may be changing. */
    private static final int MOST_FAULTS = 3;

    /**
     * How long a name is waited for, before the tunnel was ever up, that another agent of the same owner has: it may be this
     * one's earlier life, whose network is gone. An edge takes up to 12.5 s to find a silent lane dead.
     */
    private static final Duration IN_USE_PATIENCE = Duration.ofSeconds(15);

    private final Tunnel tunnel;
    private final Promise<Tunnel> opened;
    private final Vertx vertx;
    private final Backoff backoff;
    private final LoopGuard loopGuard;
    private final Events events;
    private final Set<EdgeLane> lanes = new HashSet<>();

    /** Lanes whose edge has not answered yet, with what was asked. */
    private final Map<EdgeLane, TunnelOptions> asked = new HashMap<>();

    /** Lanes that have the tunnel, as it was when they were asked. */
    private final Map<EdgeLane, TunnelOptions> bound = new HashMap<>();

    /** What is asked for: the name that was asked of us, or remembered, or granted before; null for any. */
    private @Nullable String name;

    private @Nullable String ticket;
    private int faults;

    /** Since when the edge says that another agent has the name; null where it has not said so. */
    private @Nullable Long inUseSinceNanos;

    private boolean started;
    private boolean granted;
    private boolean ended;

    /** Completes when all lanes have the tunnel as it is to be; null where nothing was changed. */
    private @Nullable Promise<Void> changed;

    private boolean refusalTold;
    private @Nullable Long answerTimer;
    private @Nullable Long retryTimer;

    /** What the tunnel's agent does about it. */
    interface Events {
        void onState(Tunnel tunnel, TunnelState state);

        /** The edge gave this name; to be kept. */
        void onName(Tunnel tunnel, String name, String ticket);

        /** A remembered name is in use; the tunnel goes on without it. */
        void onNameLeft(Tunnel tunnel, String name);

        /** A remembered name is another's now; to be forgotten. */
        void onNameLost(Tunnel tunnel, String name);

        /** The edge refuses a change, and the tunnel is as before; in a sentence, once for each change. */
        void onUnchanged(String sentence);

        /** Nothing will come of it any more. */
        void onEnded(Tunnel tunnel);
    }

    Binding(Tunnel tunnel, Promise<Tunnel> opened, Vertx vertx, Backoff backoff, LoopGuard loopGuard, Events events) {
        this.tunnel = tunnel;
        this.opened = opened;
        this.vertx = vertx;
        this.backoff = backoff;
        this.loopGuard = loopGuard;
        this.events = events;
        this.name = tunnel.options().wanted();
    }

    /** Begins, with what is known about the name from earlier. */
    void start(Optional<NameRecord> known, Set<EdgeLane> upLanes) {
        known.ifPresent(record -> {
            name = record.name();
            ticket = record.ticket();
        });
        lanes.addAll(upLanes);
        started = true;
        ask();
    }

    void onUp(EdgeLane lane) {
        lanes.add(lane);
        cancelRetry();
        ask();
    }

    void onDown(EdgeLane lane) {
        lanes.remove(lane);
        asked.remove(lane);
        bound.remove(lane);
        ask();
        completeChange();
    }

    /** No lane is up. */
    void onRetry(String why, Duration wait) {
        cancelRetry();
        become(new TunnelState.Reconnecting(why, wait, false));
    }

    void onAnswer(EdgeLane lane, Bound answer) {
        TunnelOptions question = asked.remove(lane);
        if (ended || question == null) {
            return;
        }
        if (asked.isEmpty()) {
            cancelAnswerTimer();
        }
        Bound.Refusal refusal = answer.refusal();
        if (refusal != null) {
            onRefusal(refusal, bound.containsKey(lane));
        } else if (answer.name() != null && answer.url() != null && answer.ticket() != null) {
            bound.put(lane, question);
            grant(answer.name(), answer.url(), answer.ticket());
        }
        ask();
        completeChange();
    }

    /**
     * Changes what the tunnel is while it is open: each lane is asked again for the name, with the new options. They differ
     * in what an edge can change, and in nothing else.
     *
     * @return completes once all lanes have it, and fails when the tunnel ends before that
     */
    Future<Void> changeTo(TunnelOptions options) {
        tunnel.changeTo(options);
        refusalTold = false;
        Promise<Void> promise = changed == null ? Promise.promise() : changed;
        changed = promise;
        cancelRetry();
        ask();
        completeChange();
        return promise.future();
    }

    private void completeChange() {
        Promise<Void> promise = changed;
        TunnelOptions now = tunnel.options();
        // One that was asked before may still undo it.
        if (promise != null
                && !bound.isEmpty()
                && bound.values().stream().allMatch(now::equals)
                && asked.values().stream().allMatch(now::equals)) {
            changed = null;
            promise.complete();
        }
    }

    /** The edge takes the name away, or cannot serve it on this lane any more. */
    void onUnbind(EdgeLane lane, Unbind unbind) {
        bound.remove(lane);
        asked.remove(lane);
        completeChange();
        if (unbind.reason().retryable() || unbind.reason() == CloseReason.INTERNAL) {
            retryLater(unbind.message());
        } else if (bound.isEmpty()) {
            end(
                    new TunnelState.Offline(unbind.message()),
                    new AgentException(AgentException.Code.REFUSED, unbind.message()));
        }
    }

    /** The caller wants it no more: the name is given back. */
    void close() {
        Frame.UnbindFrame unbind =
                new Frame.UnbindFrame(new Unbind(tunnel.id(), CloseReason.CLOSED, "the tunnel was closed"));
        bound.keySet().forEach(lane -> lane.send(unbind));
        asked.keySet().forEach(lane -> lane.send(unbind));
        end(
                new TunnelState.Closed(),
                new AgentException(AgentException.Code.CLOSED, "the tunnel was closed before it was online"));
    }

    /** Whether visitors reach it on a lane that is up. */
    boolean isBound() {
        return !bound.isEmpty();
    }

    boolean isEnded() {
        return ended;
    }

    /** The agent stops: the name stays reserved for a while, so that its next start has it again. */
    void agentClosed() {
        end(
                new TunnelState.Closed(),
                new AgentException(AgentException.Code.CLOSED, "the agent was closed before the tunnel was online"));
    }

    void end(TunnelState state, AgentException why) {
        if (ended) {
            return;
        }
        become(state);
        ended = true;
        cancelRetry();
        cancelAnswerTimer();
        opened.tryFail(why);
        if (changed != null) {
            changed.tryFail(why);
        }
        events.onEnded(tunnel);
    }

    private void ask() {
        if (!started || ended || retryTimer != null) {
            return;
        }
        for (EdgeLane lane : lanes) {
            if (!granted && !asked.isEmpty()) {
                return;
            }
            if (!asked.containsKey(lane) && !Objects.equals(bound.get(lane), tunnel.options())) {
                asked.put(lane, tunnel.options());
                lane.send(new Frame.BindFrame(question()));
                startAnswerTimer();
            }
        }
    }

    private Bind question() {
        TunnelOptions options = tunnel.options();
        boolean isPort = options.kind() == TunnelOptions.Kind.TCP;
        return new Bind(
                tunnel.id(),
                options.kind().word(),
                isPort ? null : name,
                isPort && name != null ? port(name) : 0,
                ticket,
                options.pool(),
                options.hostHeader(),
                options.targetName(),
                (int) options.responseTimeout().toMillis(),
                Objects.toString(options.rate(), null),
                new Bind.Visitors(
                        options.admission().networks().texts(),
                        options.admission().hashes(),
                        options.admission().people().all(),
                        options.admission().preflights()),
                changed != null);
    }

    /** What is written down of a port may have been changed by hand; any will do then. */
    private static int port(String name) {
        return name.matches("[0-9]{1,5}") && Integer.parseInt(name) <= 65535 ? Integer.parseInt(name) : 0;
    }

    private void grant(String grantedName, String url, String newTicket) {
        Optional<String> loop = loopGuard.refusal(url);
        if (loop.isPresent()) {
            loopFound(loop.get());
            return;
        }
        granted = true;
        backoff.reset();
        if (!grantedName.equals(name) || !newTicket.equals(ticket)) {
            name = grantedName;
            ticket = newTicket;
            events.onName(tunnel, grantedName, newTicket);
        }
        become(new TunnelState.Connected(grantedName, url));
        opened.tryComplete(tunnel);
    }

    private void loopFound(String sentence) {
        bound.keySet()
                .forEach(lane -> lane.send(
                        new Frame.UnbindFrame(new Unbind(tunnel.id(), CloseReason.CLOSED, "the target is the edge"))));
        end(new TunnelState.Offline(sentence), new AgentException(AgentException.Code.LOOP, sentence));
    }

    /**
     * The edge says no.
     *
     * @param hasIt whether the lane has the tunnel as it was before a change
     */
    private void onRefusal(Bound.Refusal refusal, boolean hasIt) {
        if (hasIt && refusal.code() != Bound.Code.DRAINING && !refusalTold) {
            refusalTold = true;
            events.onUnchanged("the edge lets visitors of %s in as before (%s); it is asked again"
                    .formatted(tunnel.name(), refusal.message()));
        }
        if (!bound.isEmpty() || refusal.code() == Bound.Code.DRAINING) {
            retryLater(refusal.message());
        } else if (refusal.code() == Bound.Code.INTERNAL) {
            edgesFault(refusal.message(), granted || ++faults < MOST_FAULTS);
        } else if (mayDoWithout(refusal.code())) {
            goOnWithout(refusal.code());
        } else if (granted) {
            retryLater(refusal.message());
        } else if (refusal.code() == Bound.Code.NAME_IN_USE) {
            inUse(refusal);
        } else {
            refused(refusal);
        }
    }

    private void goOnWithout(Bound.Code why) {
        if (name != null && why == Bound.Code.NAME_IN_USE) {
            events.onNameLeft(tunnel, name);
        } else if (name != null) {
            events.onNameLost(tunnel, name);
        }
        name = null;
        ticket = null;
    }

    /** Waits for it a while, and asks for the last time at the very end of that. */
    private void inUse(Bound.Refusal refusal) {
        long now = System.nanoTime();
        if (inUseSinceNanos == null) {
            inUseSinceNanos = now;
        }
        long left = IN_USE_PATIENCE.toNanos() - (now - inUseSinceNanos);
        if (left > 0) {
            retryLater(
                    refusal.message(),
                    Duration.ofNanos(Math.min(left, backoff.next().toNanos())));
        } else {
            refused(refusal);
        }
    }

    private void refused(Bound.Refusal refusal) {
        String sentence = sentence(refusal);
        end(new TunnelState.Offline(sentence), new AgentException(code(refusal.code()), sentence));
    }

    private void edgesFault(String message, boolean again) {
        if (again) {
            retryLater(message);
        } else {
            end(new TunnelState.Offline(message), new AgentException(AgentException.Code.REFUSED, message));
        }
    }

    /**
     * Whether another name will do: nobody asked for this one. Once visitors may know it, only when it is lost for good;
     * in use, it most likely is by a lane of ours that the edge does not know to be dead.
     */
    private boolean mayDoWithout(Bound.Code code) {
        if (tunnel.options().wanted() != null || name == null) {
            return false;
        }
        return switch (code) {
            case NAME_TAKEN, NAME_INVALID, NOT_ALLOWED -> true;
            case NAME_IN_USE -> !granted;
            case NOT_OFFERED, NO_ROOM, DRAINING, INTERNAL -> false;
        };
    }

    private String sentence(Bound.Refusal refusal) {
        boolean isPort = tunnel.options().kind() == TunnelOptions.Kind.TCP;
        boolean ofAnyName =
                name == null || refusal.code() == Bound.Code.NOT_OFFERED || refusal.code() == Bound.Code.NO_ROOM;
        String what = ofAnyName ? "the tunnel" : (isPort ? "the port " : "the name ") + name;
        return "the edge refused %s: %s".formatted(what, refusal.message());
    }

    private static AgentException.Code code(Bound.Code code) {
        return switch (code) {
            case NAME_TAKEN, NAME_IN_USE -> AgentException.Code.NAME_TAKEN;
            case NOT_ALLOWED -> AgentException.Code.UNAUTHORIZED;
            case NAME_INVALID, NOT_OFFERED, NO_ROOM, DRAINING, INTERNAL -> AgentException.Code.REFUSED;
        };
    }

    private void retryLater(String why) {
        retryLater(why, backoff.next());
    }

    private void retryLater(String why, Duration wait) {
        cancelRetry();
        if (bound.isEmpty()) {
            become(new TunnelState.Reconnecting(why, wait, true));
        }
        retryTimer = vertx.setTimer(Math.max(1, wait.toMillis()), ignored -> {
            retryTimer = null;
            ask();
        });
    }

    private void startAnswerTimer() {
        if (answerTimer == null) {
            answerTimer = vertx.setTimer(ANSWER_TIMEOUT.toMillis(), ignored -> {
                answerTimer = null;
                asked.clear();
                edgesFault("the edge did not answer within %d s".formatted(ANSWER_TIMEOUT.toSeconds()), granted);
                ask();
            });
        }
    }

    private void cancelAnswerTimer() {
        if (answerTimer != null) {
            vertx.cancelTimer(answerTimer);
            answerTimer = null;
        }
    }

    private void cancelRetry() {
        if (retryTimer != null) {
            vertx.cancelTimer(retryTimer);
            retryTimer = null;
        }
    }

    private void become(TunnelState state) {
        if (!ended && !state.equals(tunnel.state())) {
            tunnel.become(state);
            events.onState(tunnel, state);
        }
    }
}
