package dev.culvert.agent.dial;

import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;

/** A lane that says HELLO, hears WELCOME and ends: whether an edge takes an agent in. */
public final class Greeting {
    private Greeting() {}

    /**
     * Dials once. Called on the agent's context.
     *
     * @return fails with {@link DialException}
     */
    public static Future<Void> of(Vertx vertx, DialPlan plan, Context home) {
        WindowBudget budget = new WindowBudget(plan.options().windowBudgetBytes());
        return plan.askForToken(vertx)
                .compose(token -> plan.dialer()
                        .dial()
                        .compose(channel -> EdgeLane.greet(
                                channel,
                                plan.hello(List.of(), token),
                                plan.options(),
                                budget,
                                home,
                                new NoEvents(),
                                new NoNews())))
                .map(lane -> {
                    lane.close(CloseReason.CLOSED, "the agent only wanted to know");
                    return null;
                });
    }

    /** No tunnel is asked for, so none is granted. */
    private static final class NoEvents implements LaneEvents {
        @Override
        public void onGranted(Bound bound) {
            // Not asked for.
        }

        @Override
        public void onStream(TunnelStream stream, StreamRequest request) {
            stream.reset(CloseReason.NOT_HELD, "no tunnel was opened");
        }

        @Override
        public void onExchange(Exchange exchange) {
            // There was none.
        }
    }

    /** It ends at once. */
    private static final class NoNews implements EdgeLane.Listener {
        @Override
        public void onFrame(EdgeLane lane, Frame.OfLane frame) {
            // Too late.
        }

        @Override
        public void onGoAway(EdgeLane lane, CloseReason reason, String detail) {
            // Too late.
        }

        @Override
        public void onClosed(EdgeLane lane, String detail) {
            // As wanted.
        }
    }
}
