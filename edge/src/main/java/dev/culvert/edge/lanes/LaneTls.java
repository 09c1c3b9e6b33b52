package dev.culvert.edge.lanes;

import dev.culvert.edge.tls.Certificates;
import dev.culvert.edge.tls.ServedCertificate;
import dev.culvert.names.HostName;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ends TLS on the lane port: with the certificate of the host that the agent names, or with the first one, because an
 * agent may look at its key alone.
 */
final class LaneTls extends AbstractSniHandler<ServedCertificate> {
    /** As on the visitors' ports. */
    private static final int MAX_HELLO_BYTES = 32 * 1024;

    private static final String LANE = "culvert-lane";

    private final LanePort port;
    private final Certificates certificates;
    private final Duration most;

    LaneTls(LanePort port, Certificates certificates) {
        super(MAX_HELLO_BYTES, port.lanes().options().handshakeTimeout().toMillis());
        this.port = port;
        this.certificates = certificates;
        this.most = port.lanes().options().handshakeTimeout();
    }

    @Override
    protected Future<ServedCertificate> lookup(ChannelHandlerContext context, @Nullable String serverName) {
        ServedCertificate named = serverName == null
                ? null
                : HostName.normalise(serverName).map(certificates::forHost).orElse(null);
        ServedCertificate served = named == null ? certificates.forHost(null) : named;
        return served == null
                ? context.executor().newFailedFuture(new IllegalStateException("no certificate"))
                : context.executor().newSucceededFuture(served);
    }

    @Override
    protected void onLookupComplete(
            ChannelHandlerContext context, @Nullable String serverName, Future<ServedCertificate> served) {
        if (!served.isSuccess()) {
            context.close();
            return;
        }
        ChannelPipeline pipeline = context.pipeline();
        pipeline.addAfter(context.name(), null, new Handshake(port));
        served.getNow().serveBehind(context, List.of(LANE), most);
        pipeline.remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // What came is no ClientHello.
    }

    /** Waits for its end. */
    private static final class Handshake extends ChannelInboundHandlerAdapter {
        private final LanePort port;

        Handshake(LanePort port) {
            this.port = port;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent end && end.isSuccess()) {
                context.pipeline().addAfter(context.name(), null, new LaneStart(port, true));
                context.pipeline().remove(this);
            } else if (event instanceof SslHandshakeCompletionEvent) {
                context.close();
            } else {
                context.fireUserEventTriggered(event);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
