package dev.culvert.edge.ingress;

import dev.culvert.lane.GatheredWrites;
import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import java.util.List;

/**
 * What visitor connections can speak once it is settled who they are, and with or without TLS: puts the protocol's
 * handlers behind what is in the pipeline. The one place to add another. On the channel's event loop.
 */
final class VisitorProtocols {
    private static final String HTTP_1 = "http/1.1";

    private final Ingress ingress;

    VisitorProtocols(Ingress ingress) {
        this.ingress = ingress;
    }

    /**
     * What is offered by ALPN, the best first.
     *
     * @param atOwnHost whether the client names the edge's own host, or none, where there are not only visitors
     */
    List<String> offered(boolean atOwnHost) {
        return List.of(HTTP_1);
    }

    /** Begins without TLS; the first bytes are about to come through the pipeline. */
    void plain(Channel channel) {
        http1(channel);
    }

    /**
     * Begins after the handshake.
     *
     * @param protocol what was agreed by ALPN; empty for nothing, which means HTTP/1.1
     */
    void secure(Channel channel, String protocol) {
        http1(channel);
    }

    private void http1(Channel channel) {
        RequestDecoder decoder = new RequestDecoder();
        ResponseEncoder encoder = new ResponseEncoder();
        channel.pipeline().remove(Threshold.class);
        Sockets.append(channel, new GatheredWrites());
        Sockets.append(channel, decoder);
        Sockets.append(channel, encoder);
        Sockets.append(channel, new Http1Visitor(ingress, decoder, encoder));
    }
}
