package dev.culvert.edge.relay;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;

/**
 * Another node that holds a tunnel. Safe for use by any thread.
 *
 * @param lane counts, from 0, the lanes that the node has for the tunnel: it is worth asking as often. Which of them it
 *     takes is its own choice
 */
record RelayCarrier(Relay relay, String node, int lane) implements Carrier {

    @Override
    public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
        return Future.succeededFuture(relay.open(node, request, visitorLoop));
    }

    @Override
    public int load() {
        return relay.load(node);
    }

    @Override
    public boolean isRelayed() {
        return true;
    }

    @Override
    public boolean isLeaving() {
        return relay.isDraining(node);
    }

    @Override
    public boolean isDoubtful() {
        return relay.isDoubtful(node);
    }

    /** When to ask it: first (0) as a rule, then (1) one that is about to stop but serves, and last (2) one in doubt. */
    int turn() {
        return isDoubtful() ? 2 : relay.isDraining(node) ? 1 : 0;
    }
}
