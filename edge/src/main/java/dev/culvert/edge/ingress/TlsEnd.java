package dev.culvert.edge.ingress;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;

/**
 * Makes the end of what a visitor says by TLS (close_notify) what it is without: the event that its direction is over.
 * The other direction goes on, as RFC 8446, 6.1 has it.
 */
@ChannelHandler.Sharable
final class TlsEnd extends ChannelInboundHandlerAdapter {
    static final TlsEnd INSTANCE = new TlsEnd();

    private TlsEnd() {}

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        context.fireUserEventTriggered(event);
        if (event instanceof SslCloseCompletionEvent end && end.isSuccess()) {
            context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }
}
