package dev.culvert.edge.ingress;

import dev.culvert.lane.GatheredWrites;
import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import java.util.List;

/**
 * What visitor connections can speak once it is settled who they are, and with or without TLS: puts the protocol's
 * handlers behind what is in the pipeline. The one place to add another. On the channel's event loop.
 */
final class VisitorProtocols {
    private static final String HTTP_1 = "http/1.1";
    private static final String HTTP_2 = "h2";

    /** A lane's frames at once, without HTTP around them. */
    private static final String LANE = "culvert-lane";

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
        return atOwnHost && ingress.lanes().takes() ? List.of(HTTP_2, HTTP_1, LANE) : List.of(HTTP_2, HTTP_1);
    }

    /** Begins without TLS; the first bytes are about to come through the pipeline. */
    void plain(Channel channel) {
        channel.pipeline().remove(Threshold.class);
        List<ChannelHandler> http1 = http1();
        Sockets.append(channel, new Http2Preface(this::http2, http1));
        http1.forEach(handler -> Sockets.append(channel, handler));
    }

    /**
     * Begins after the handshake.
     *
     * @param protocol what was agreed by ALPN; empty for nothing, which means HTTP/1.1
     */
    void secure(Channel channel, String protocol) {
        channel.pipeline().remove(Threshold.class);
        if (protocol.equals(HTTP_2)) {
            WholeRecords.on(channel);
            http2(channel);
        } else if (protocol.equals(LANE)) {
            lane(channel);
        } else {
            WholeRecords.on(channel);
            http1().forEach(handler -> Sockets.append(channel, handler));
        }
    }

    /** It is an agent, and leaves the visitor port. */
    private void lane(Channel channel) {
        ingress.visitors().remove(channel);
        ingress.lanes().taken().accept(channel);
    }

    private List<ChannelHandler> http1() {
        GatheredWrites writes = new GatheredWrites();
        FieldRoom fields = new FieldRoom(ingress.heads());
        RequestDecoder decoder = new RequestDecoder(fields);
        ResponseEncoder encoder = new ResponseEncoder();
        return List.of(writes, decoder, encoder, new Http1Visitor(ingress, fields, decoder, encoder));
    }

    private void http2(Channel channel) {
        Sockets.append(channel, new GatheredWrites());
        Sockets.append(channel, Http2SessionBuilder.session(ingress, channel));
    }
}
