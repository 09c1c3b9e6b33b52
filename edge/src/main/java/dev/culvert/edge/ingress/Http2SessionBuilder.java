package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/**
 * Puts Netty's HTTP/2 together for a visitor. Besides what is set here, Netty ends connections that leave 10,000 answers
 * to pings, settings and resets unread, that send more than two empty DATA frames in a row, or heads in more than 16 tiny
 * CONTINUATION frames.
 */
final class Http2SessionBuilder extends AbstractHttp2ConnectionHandlerBuilder<Http2Session, Http2SessionBuilder> {
    private final Ingress ingress;

    private Http2SessionBuilder(Ingress ingress) {
        this.ingress = ingress;
    }

    /** One for a new connection. A trusted proxy may cancel more. */
    static Http2Session session(Ingress ingress, Channel channel) {
        boolean trusted = ingress.options()
                .trustedProxies()
                .test(Arrival.of(channel).visitor().getAddress());
        Http2Connection connection = new DefaultHttp2Connection(true);
        // All streams are equal; the other distributor keeps a tree of priorities that no visitor speaks any more.
        connection
                .remote()
                .flowController(
                        new DefaultHttp2RemoteFlowController(connection, new UniformStreamByteDistributor(connection)));
        int resets = trusted ? Http2Limits.RESETS_OF_PROXY : Http2Limits.RESETS;
        return new Http2SessionBuilder(ingress)
                .connection(connection)
                .initialSettings(Http2Limits.settings())
                .validateHeaders(true)
                .decoderEnforceMaxRstFramesPerWindow(resets, Http2Limits.RESETS_SECONDS)
                .encoderEnforceMaxRstFramesPerWindow(resets, Http2Limits.RESETS_SECONDS)
                .gracefulShutdownTimeoutMillis(0) // Who closes the channel has waited before.
                .build();
    }

    @Override
    protected Http2Session build(
            Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
        return new Http2Session(ingress, decoder, encoder, settings);
    }
}
