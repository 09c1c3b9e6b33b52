package dev.culvert.agent.dial;

import dev.culvert.lane.Lane;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.StreamRequest;
import dev.culvert.wire.Welcome;
import io.netty.channel.Channel;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import org.jspecify.annotations.Nullable;

/**
 * One lane to one node, from its HELLO to its end.
 *
 * <p>The lane's event loop calls it; what it tells its {@link Listener} arrives on the agent's context, in the same
 * order.
 */
public final class EdgeLane {
    private final Context home;
    private final LaneEvents events;
    private final Listener listener;
    private final Promise<EdgeLane> standing = Promise.promise();
    private final Promise<Void> gone = Promise.promise();
    private final Lane lane;
    private @Nullable Welcome welcome;

    /** Hears of a lane that stands. Called on the agent's context. */
    interface Listener {
        /** A BOUND or UNBIND. */
        void onFrame(EdgeLane lane, Frame.OfLane frame);

        /** The edge sends no more visitors down this lane. */
        void onGoAway(EdgeLane lane, CloseReason reason, String detail);

        /** The lane is over. */
        void onClosed(EdgeLane lane, String detail);
    }

    private EdgeLane(
            Channel channel,
            Hello hello,
            LaneOptions options,
            WindowBudget budget,
            Context home,
            LaneEvents events,
            Listener listener) {
        this.home = home;
        this.events = events;
        this.listener = listener;
        channel.closeFuture().addListener(closed -> gone.complete());
        this.lane = Lane.on(channel, Lane.Side.DIALER, options, budget, new Frames());
        lane.send(new Frame.HelloFrame(hello));
    }

    /**
     * Says HELLO on a new connection. On its event loop.
     *
     * @return the lane once the edge has said WELCOME; fails with {@link DialException}. Completes on the lane's loop
     */
    static Future<EdgeLane> greet(
            Channel channel,
            Hello hello,
            LaneOptions options,
            WindowBudget budget,
            Context home,
            LaneEvents events,
            Listener listener) {
        return new EdgeLane(channel, hello, options, budget, home, events, listener).standing.future();
    }

    /** What the edge said. Only asked of a lane that stands. */
    Welcome welcome() {
        Welcome said = welcome;
        if (said == null) {
            throw new IllegalStateException("no WELCOME yet");
        }
        return said;
    }

    /** Sends a BIND or UNBIND. Any thread. */
    public void send(Frame.OfLane frame) {
        lane.send(frame);
    }

    /** Asks the edge to send no more visitors; those that are here go on. Any thread. */
    void leave(String why) {
        lane.goAway(CloseReason.DRAINING, why);
    }

    /** Whether visitors are here, or their connections are kept for a next request. Any thread. */
    boolean isServing() {
        return lane.load() > 0;
    }

    /** Says why and ends the lane with all its streams. Any thread. */
    void close(CloseReason reason, String detail) {
        lane.close(reason, detail);
    }

    /**
     * Completes once the connection is closed too, which the lane's end leaves to the edge, for a second at most: when
     * it has closed its side, it has read all answers. On the lane's event loop.
     */
    Future<Void> gone() {
        return gone.future();
    }

    /** What the lane's event loop calls. */
    private final class Frames implements Lane.Handler {
        private Frame.@Nullable GoAway farewell;

        @Override
        public void onFrame(Frame.OfLane frame) {
            if (frame instanceof Frame.WelcomeFrame welcomed && welcome == null) {
                onWelcome(welcomed.welcome());
            } else if (frame instanceof Frame.GoAway goAway) {
                farewell = goAway;
                if (welcome != null) {
                    tell(() -> listener.onGoAway(EdgeLane.this, goAway.reason(), goAway.detail()));
                }
            } else if (frame instanceof Frame.BoundFrame bound && welcome != null) {
                if (bound.bound().refusal() == null) {
                    events.onGranted(bound.bound());
                }
                tell(() -> listener.onFrame(EdgeLane.this, frame));
            } else if (frame instanceof Frame.UnbindFrame && welcome != null) {
                tell(() -> listener.onFrame(EdgeLane.this, frame));
            } else {
                lane.close(CloseReason.PROTOCOL_ERROR, "an edge does not send this frame, or not now");
            }
        }

        private void onWelcome(Welcome said) {
            if (said.version() != Hello.VERSION) {
                lane.close(CloseReason.VERSION_MISMATCH, "WELCOME says a version that HELLO did not offer");
                return;
            }
            welcome = said;
            lane.established(said.newStreamWindowBytes(), false);
            standing.complete(EdgeLane.this);
        }

        @Override
        public void onStream(TunnelStream stream, StreamRequest request) {
            events.onStream(stream, request);
        }

        @Override
        public void onExchange(Exchange exchange) {
            events.onExchange(exchange);
        }

        @Override
        public void onClosed(CloseReason reason, String detail) {
            if (welcome != null) {
                tell(() -> listener.onClosed(EdgeLane.this, detail));
            } else if (farewell != null) {
                standing.fail(new DialException(DialException.Kind.REFUSED, farewell.reason(), farewell.detail()));
            } else {
                standing.fail(new DialException(
                        DialException.Kind.NO_WELCOME, reason, "the edge did not say WELCOME (%s)".formatted(detail)));
            }
        }
    }

    private void tell(Runnable news) {
        home.runOnContext(ignored -> news.run());
    }
}
