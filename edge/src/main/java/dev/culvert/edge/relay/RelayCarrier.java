package dev.culvert.edge.relay;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;

/** Another node that holds a tunnel. Safe for use by any thread. */
record RelayCarrier(Relay relay, String node) implements Carrier {

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

    /** Whether the node was lost a moment ago, and is only worth a try when no other is left. */
    boolean isDoubtful() {
        return relay.isDoubtful(node);
    }
}
