package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import dev.culvert.lane.HeapRoom;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.Welcome;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lanes of an agent: as many as wanted, to as many nodes as there are, all reached through one address.
 *
 * <p>One is dialed at a time, because each HELLO lists the lanes that stand, and a node closes those of the agent that
 * are not listed. The balancer decides which node is reached; one that has a lane already says so, and after a few of
 * these the agent is content with fewer, and tries again every {@link #PROBE}.
 *
 * <pre>
 *   dialing ──WELCOME──► up ──GOAWAY draining──► leaving ──► closed
 *      ▲                  └──lost──► closed
 *      └── wait ◄── refused, unreachable, or the last lane was lost
 * </pre>
 *
 * Everything happens on the agent's context.
 */
public final class Lanes {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lanes.class);

    /** How often a further lane is tried for when there seems to be no node for it: a HELLO a minute costs nothing. */
    private static final Duration PROBE = Duration.ofSeconds(60);

    /** How long a lane that is needed no more still takes visitors: until every node has heard. */
    private static final Duration LEAVE_AFTER = Duration.ofSeconds(1);

    /** How often in a row the balancer may lead to a node that is there already: with two nodes, once in eight. */
    private static final int MOST_DUPLICATES = 3;

    /**
     * How long an agent that stops still serves at most: as long as most requests take, and no longer than people wait
     * gladly.
     */
    private static final Duration LAST_ANSWERS = Duration.ofSeconds(1);

    /** How often it looks whether it still does, in milliseconds: often enough that nobody waits for it. */
    private static final long LOOK_MILLIS = 20;

    /** How often the very first dial is repeated when it reached a node that is stopping: others are behind the address. */
    private static final int MOST_DRAINING_AT_FIRST = 3;

    /**
     * How often the very first dial is made when the edge cannot tell yet who the agent is: 16 to 32 s in all, in which what
     * it waits for is most likely back. Of that 12 at least are the last two waits, more than an edge lets pass before it
     * asks anew.
     */
    private static final int MOST_UNDECIDED_AT_FIRST = 8;

    /** How long a lane must have stood for the next loss to be a new one. */
    private static final Duration STEADY = Duration.ofSeconds(30);

    /** Of the heap for what an agent is without visitors: 8 MiB are there a moment after its start. */
    private static final int HEAP_BESIDES_BYTES = 12 * 1024 * 1024;

    /** Of the rest for each stream that may be open, which takes 6 to 7 KiB with its target: about 8,000 with the launcher's 128 MiB. */
    private static final int HEAP_FOR_STREAM_BYTES = 14 * 1024;

    private final Vertx vertx;
    private final Context home;
    private final DialPlan plan;
    private final LaneDialer dialer;
    private final WindowBudget budget;
    /** Between tries for the first lane, and for those after it. */
    private final Backoff backoff;

    private final Backoff furtherBackoff;
    private final LaneEvents events;
    private final Listener listener;
    private final FromLanes fromLanes = new FromLanes();

    /** Lanes that take visitors, with when they came to stand; and those that only finish what they have. */
    private final Map<EdgeLane, Long> up = new LinkedHashMap<>();

    private final List<EdgeLane> leaving = new ArrayList<>();
    private final Promise<Void> allClosed = Promise.promise();
    private @Nullable Context furtherLoop;
    private @Nullable Long timer;
    private boolean dialing;
    private boolean everUp;
    private boolean stopped;
    private int nodes = 1;
    private int duplicates;
    private boolean duplicatesTold;
    private int drainingAtFirst;
    private int undecidedAtFirst;

    /** Hears how the lanes do. Called on the agent's context. */
    public interface Listener {
        /** A lane takes visitors from now on. */
        void onUp(EdgeLane lane);

        /** The edge says something about a tunnel: BOUND or UNBIND. */
        void onFrame(EdgeLane lane, Frame.OfLane frame);

        /** The lane takes no more visitors. */
        void onDown(EdgeLane lane);

        /** No lane is up. */
        void onRetry(String why, Duration wait);

        /** No lane is up and nothing more is tried, until {@link Lanes#connect()} is called again. */
        void onGivenUp(DialException why);

        /** Something to tell a person. */
        void onNotice(String sentence);
    }

    /** Dials nothing yet. */
    public Lanes(
            Vertx vertx, Context home, DialPlan plan, RandomGenerator random, LaneEvents events, Listener listener) {
        this.vertx = vertx;
        this.home = home;
        this.plan = plan;
        this.dialer = plan.dialer();
        this.budget = new WindowBudget(
                plan.options().windowBudgetBytes(), HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_STREAM_BYTES));
        this.backoff = plan.reconnect().backoff(random);
        this.furtherBackoff = plan.reconnect().backoff(random);
        this.events = events;
        this.listener = listener;
    }

    /** Dials, unless lanes are up or are on their way. */
    public void connect() {
        if (up.isEmpty() && timer == null) {
            dial();
        }
    }

    /**
     * Ends all lanes; complete when they and their connections are closed. Where visitors are, no new ones come from now
     * on, and those whose requests are under way get up to a second for their answers.
     */
    public Future<Void> close() {
        stopped = true;
        cancelTimer();
        List<EdgeLane> all =
                Stream.concat(up.keySet().stream(), leaving.stream()).toList();
        long begunNanos = System.nanoTime();
        if (!endIfOver(all, begunNanos)) {
            all.forEach(lane -> lane.leave("the agent is stopping"));
            vertx.setPeriodic(LOOK_MILLIS, timer -> {
                if (endIfOver(all, begunNanos)) {
                    vertx.cancelTimer(timer);
                }
            });
        }
        completeWhenAllClosed();
        // Where a connection is closed with bytes of the edge on their way, what it has not sent of an answer is lost.
        return allClosed.future().compose(ended -> Future.join(
                        all.stream().map(EdgeLane::gone).toList())
                .mapEmpty());
    }

    private static boolean endIfOver(List<EdgeLane> lanes, long begunNanos) {
        boolean over = lanes.stream().noneMatch(EdgeLane::isServing)
                || System.nanoTime() - begunNanos >= LAST_ANSWERS.toNanos();
        if (over) {
            lanes.forEach(lane -> lane.close(CloseReason.CLOSED, "the agent is stopping"));
        }
        return over;
    }

    /**
     * All tunnels are bound on lanes that are up: those that are leaving are needed no more. Until then they serve
     * visitors, although their edge wants to stop.
     */
    public void settled() {
        if (up.isEmpty() || leaving.isEmpty()) {
            return;
        }
        List<EdgeLane> needless = List.copyOf(leaving);
        // Not at once: visitors who are on their way are served, while the edge tells the others where the tunnels are.
        vertx.setTimer(
                LEAVE_AFTER.toMillis(),
                ignored -> needless.forEach(lane -> lane.leave("the agent has moved to another lane")));
    }

    private void dial() {
        if (dialing || stopped) {
            return;
        }
        dialing = true;
        // Before the connection: an edge does not wait for a HELLO as long as a token may take.
        plan.askForToken(vertx)
                .onComplete(token -> onHome(() -> dial(token)), failure -> onHome(() -> failed(failure)));
    }

    private void dial(Optional<Secret> token) {
        if (stopped) {
            return;
        }
        nextLoop().runOnContext(ignored -> dialer.dial()
                .compose(channel ->
                        EdgeLane.greet(channel, hello(token), plan.options(), budget, home, events, fromLanes))
                .onComplete(lane -> onHome(() -> dialed(lane)), failure -> onHome(() -> failed(failure))));
    }

    private void onHome(Runnable step) {
        home.runOnContext(ignored -> step.run());
    }

    /** Another one for the second lane and those after it, so that one busy lane does not hold up the others. */
    private Context nextLoop() {
        if (up.isEmpty() && leaving.isEmpty()) {
            return home;
        }
        Context loop = furtherLoop;
        if (loop == null) {
            loop = Sockets.nextLoop(vertx);
            furtherLoop = loop;
        }
        return loop;
    }

    private void dialed(EdgeLane lane) {
        dialing = false;
        if (stopped) {
            lane.close(CloseReason.CLOSED, "the agent is stopping");
            return;
        }
        Welcome welcome = lane.welcome();
        LOGGER.atDebug()
                .addKeyValue("lane", welcome.lane())
                .addKeyValue("node", welcome.node())
                .addKeyValue("nodes", welcome.nodes())
                .log("lane is up");
        up.put(lane, plan.nanoClock().getAsLong());
        everUp = true;
        nodes = welcome.nodes();
        duplicates = 0;
        duplicatesTold = false;
        furtherBackoff.reset();
        listener.onUp(lane);
        fill();
    }

    /** Dials the next lane, now or when it makes sense. */
    private void fill() {
        cancelTimer();
        if (up.size() < Math.min(plan.lanes(), nodes)) {
            dial();
        } else if (up.size() < plan.lanes()) {
            dialIn(PROBE);
        }
    }

    private void failed(Throwable failure) {
        dialing = false;
        if (stopped) {
            return;
        }
        DialException why = failure instanceof DialException dial
                ? dial
                : new DialException(DialException.Kind.NO_WELCOME, CloseReason.INTERNAL, String.valueOf(failure));
        if (!up.isEmpty()) {
            furtherLaneFailed(why);
        } else if (!everUp && isWorthAnotherTry(why)) {
            dialIn(backoff.nextAtLeastHalf());
        } else if (!everUp || plan.reconnect() instanceof Reconnect.None) {
            giveUp(why);
        } else {
            retry(String.valueOf(why.getMessage()), needsAPerson(why) ? backoff.slow() : backoff.next());
        }
    }

    /** Of the very first dials, of which one that fails is the last otherwise. */
    private boolean isWorthAnotherTry(DialException why) {
        if (why.reason() == CloseReason.UNDECIDED && undecidedAtFirst == 0) {
            listener.onNotice("the edge cannot tell yet who this agent is, and is asked again: " + why.getMessage());
        }
        return switch (why.reason()) {
            case DRAINING -> ++drainingAtFirst < MOST_DRAINING_AT_FIRST;
            case UNDECIDED -> ++undecidedAtFirst < MOST_UNDECIDED_AT_FIRST;
            default -> false;
        };
    }

    /** A token that was refused may be another one the next time. */
    private boolean needsAPerson(DialException why) {
        boolean renewed = why.reason() == CloseReason.UNAUTHORIZED
                && plan.token() != null
                && plan.token().mayChange();
        return why.needsAPerson() && !renewed;
    }

    private void furtherLaneFailed(DialException why) {
        if (why.reason() != CloseReason.ALREADY_HERE) {
            dialIn(furtherBackoff.next());
        } else if (++duplicates < MOST_DUPLICATES) {
            dial();
        } else {
            if (nodes > 1 && !duplicatesTold) {
                duplicatesTold = true;
                listener.onNotice(("the edge has %d nodes, but each connection leads to one that is connected already;"
                                + " going on with %d")
                        .formatted(nodes, up.size()));
            }
            duplicates = 0; // There may be more nodes by then than were counted, and the balancer leads to any of them.
            dialIn(PROBE);
        }
    }

    private void lost(String why) {
        cancelTimer();
        if (plan.reconnect() instanceof Reconnect.None) {
            giveUp(new DialException(DialException.Kind.UNREACHABLE, CloseReason.LANE_LOST, why));
        } else {
            retry(why, backoff.next());
        }
    }

    private void retry(String why, Duration wait) {
        listener.onRetry(why, wait);
        dialIn(wait);
    }

    private void giveUp(DialException why) {
        everUp = false;
        drainingAtFirst = 0;
        undecidedAtFirst = 0;
        backoff.reset();
        listener.onGivenUp(why);
    }

    private void dialIn(Duration wait) {
        cancelTimer();
        timer = vertx.setTimer(
                Math.max(1, wait.toMillis()),
                ignored -> onHome(() -> {
                    timer = null;
                    dial();
                }));
    }

    private void cancelTimer() {
        if (timer != null) {
            vertx.cancelTimer(timer);
            timer = null;
        }
    }

    private Hello hello(Optional<Secret> token) {
        List<String> lanes = Stream.concat(up.keySet().stream(), leaving.stream())
                .map(lane -> lane.welcome().lane())
                .toList();
        return plan.hello(lanes, token);
    }

    private void completeWhenAllClosed() {
        if (stopped && up.isEmpty() && leaving.isEmpty()) {
            allClosed.tryComplete();
        }
    }

    private final class FromLanes implements EdgeLane.Listener {
        @Override
        public void onFrame(EdgeLane lane, Frame.OfLane frame) {
            listener.onFrame(lane, frame);
        }

        @Override
        public void onGoAway(EdgeLane lane, CloseReason reason, String detail) {
            if (!up.containsKey(lane)) {
                return;
            }
            if (reason == CloseReason.DRAINING || reason == CloseReason.IDS_EXHAUSTED) {
                // A new lane first; this one ends when its streams have.
                takeDown(lane);
                leaving.add(lane);
                fill();
            } else {
                takeDown(lane);
                leaving.add(lane);
                lane.close(reason, "");
                if (up.isEmpty() && !stopped) {
                    afterRefusal(reason, detail);
                } else {
                    fill();
                }
            }
        }

        private void afterRefusal(CloseReason reason, String detail) {
            DialException why = new DialException(DialException.Kind.REFUSED, reason, detail);
            if (needsAPerson(why) && !(plan.reconnect() instanceof Reconnect.None)) {
                retry(detail, backoff.slow());
            } else {
                lost(detail);
            }
        }

        @Override
        public void onClosed(EdgeLane lane, String detail) {
            leaving.remove(lane);
            if (up.containsKey(lane)) {
                takeDown(lane);
                if (stopped) {
                    completeWhenAllClosed();
                } else if (up.isEmpty()) {
                    lost(detail);
                } else {
                    fill();
                }
            } else {
                completeWhenAllClosed();
            }
        }

        private void takeDown(EdgeLane lane) {
            Long since = up.remove(lane);
            if (since != null && plan.nanoClock().getAsLong() - since >= STEADY.toNanos()) {
                backoff.reset();
            }
            listener.onDown(lane);
        }
    }
}
