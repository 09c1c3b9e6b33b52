package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;

/**
 * Begins a visit by raw TCP behind a trusted proxy, once the proxy has said for whom it comes, or that it will not: by
 * other bytes, or by none. It may be the target that has to speak first, so silence ends the wait soon. Runs on the
 * channel's event loop.
 */
final class RawStart extends ChannelInboundHandlerAdapter {
    /** A proxy sends its header at once, ahead of all that its visitor says. */
    private static final Duration HEADER_COMES_WITHIN = Duration.ofSeconds(3);

    private final Ingress ingress;
    private final TunnelKey tunnel;
    private final Deadline deadline;
    private final Channel channel;

    RawStart(Ingress ingress, TunnelKey tunnel, Channel channel) {
        this.ingress = ingress;
        this.tunnel = tunnel;
        this.channel = channel;
        this.deadline = new Deadline(channel.eventLoop(), this::onSilence);
    }

    /** Begins a visit without a word of anybody's. */
    static void now(Ingress ingress, TunnelKey tunnel, Channel channel) {
        Arrival arrival = Arrival.of(channel);
        RawRequest request = new RawRequest(tunnel, StreamRequest.Kind.TCP, arrival.visitor(), arrival.reached());
        RawVisit.begin(ingress, channel, request, Unpooled.EMPTY_BUFFER);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        deadline.in(HEADER_COMES_WITHIN);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        deadline.cancel();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        deadline.cancel();
        context.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
        begin();
        context.fireChannelRead(bytes);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ProxyHeader.READ) {
            begin();
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }

    private void onSilence() {
        if (channel.pipeline().get(ProxyHeader.class) == null) { // It has begun to say for whom it comes.
            ingress.traffic()
                    .doorRefusals()
                    .add(DoorRefusal.TOO_SLOW, Arrival.of(channel).visitor(), "the PROXY header is not whole");
            channel.close();
        } else {
            begin();
        }
    }

    private void begin() {
        now(ingress, tunnel, channel);
        channel.pipeline().remove(this);
        if (channel.pipeline().get(ProxyHeader.class) != null) {
            channel.pipeline().remove(ProxyHeader.class);
        }
    }
}
