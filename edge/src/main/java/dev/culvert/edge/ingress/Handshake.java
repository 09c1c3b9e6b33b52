package dev.culvert.edge.ingress;

import dev.culvert.edge.tls.ServedCertificate;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.concurrent.RejectedExecutionException;

/** Waits for the end of the handshake, and takes the connection on with the protocol that was agreed in it. */
final class Handshake extends ChannelInboundHandlerAdapter {
    private final Threshold threshold;
    private final VisitorProtocols protocols;
    private final ServedCertificate certificate;

    Handshake(Threshold threshold, VisitorProtocols protocols, ServedCertificate certificate) {
        this.threshold = threshold;
        this.protocols = protocols;
        this.certificate = certificate;
    }

    /** An event and not the handler's future: what came with the client's last words follows at once. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent end)) {
            context.fireUserEventTriggered(event);
            return;
        }
        Channel channel = context.channel();
        if (end.isSuccess()) {
            Arrival.of(channel).served(certificate).settle(channel);
            protocols.secure(
                    channel, channel.pipeline().get(SslHandler.class).engine().getApplicationProtocol());
            context.pipeline().remove(this);
        } else if (end.cause() instanceof RejectedExecutionException) {
            threshold.tell(DoorRefusal.TOO_MANY, null);
            channel.pipeline().context(SslHandler.class).close(); // Without last words, which TLS could not say.
        } else {
            threshold.refuse(DoorRefusal.HANDSHAKE_FAILED, end.cause().getMessage());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        threshold.refuse(DoorRefusal.HANDSHAKE_FAILED, cause.getMessage());
        context.close();
    }
}
