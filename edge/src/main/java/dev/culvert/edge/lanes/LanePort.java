package dev.culvert.edge.lanes;

import dev.culvert.edge.tls.Certificates;
import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The agents' own port. Safe for use by any thread.
 *
 * @param certificates for agents that come by TLS; null to take none of those
 * @param insecure whether agents of other machines may come without
 */
public record LanePort(Lanes lanes, @Nullable Certificates certificates, boolean insecure) {

    /**
     * Accepts agents. Called on the context of an edge verticle, whose event loop will own the lanes accepted there.
     *
     * @param port 0 for a free one
     * @return the server, to be closed by the caller
     */
    public Future<NetServer> listen(Vertx vertx, String address, int port) {
        return vertx.createNetServer(new NetServerOptions().setTcpNoDelay(true))
                .connectHandler(this::accept)
                .listen(port, address);
    }

    private void accept(NetSocket socket) {
        Channel channel = Sockets.takeOver(socket);
        lanes.newcomers().add(channel);
        Sockets.append(channel, new LaneStart(this, false));
    }

    /** Whether an agent may come without TLS. */
    boolean takesPlain(Channel channel) {
        return insecure
                || (channel.remoteAddress() instanceof InetSocketAddress peer
                        && peer.getAddress().isLoopbackAddress());
    }
}
