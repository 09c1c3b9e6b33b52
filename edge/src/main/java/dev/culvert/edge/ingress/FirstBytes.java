package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells TLS from HTTP by the first byte, and what is right on the port from what is not. */
final class FirstBytes extends ByteToMessageDecoder {
    /** The type of a TLS record with a ClientHello; no request of HTTP begins with it. */
    private static final int TLS_HANDSHAKE = 22;

    private final Ingress ingress;
    private final Threshold threshold;
    private final VisitorProtocols protocols;
    private final @Nullable TlsPort tls;
    private boolean refused;

    /**
     * A port's.
     *
     * @param tls null on a port without TLS
     */
    FirstBytes(Ingress ingress, Threshold threshold, VisitorProtocols protocols, @Nullable TlsPort tls) {
        this.ingress = ingress;
        this.threshold = threshold;
        this.protocols = protocols;
        this.tls = tls;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (refused) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int first = in.getUnsignedByte(in.readerIndex());
        Channel channel = context.channel();
        if (first == TLS_HANDSHAKE && tls != null) {
            context.pipeline().addAfter(context.name(), null, new ServerName(ingress, threshold, protocols, tls));
            context.pipeline().remove(this);
        } else if (first == TLS_HANDSHAKE) {
            refused = true;
            threshold.tell(DoorRefusal.TLS_ON_PLAIN_PORT, null);
            channel.write(Unpooled.wrappedBuffer(TlsAlert.HANDSHAKE_FAILURE.record()));
            LingeringClose.of(channel, ingress.options().deadlines());
            in.skipBytes(in.readableBytes());
        } else if (tls == null) {
            protocols.plain(channel);
            context.pipeline().remove(this);
        } else if (first >= 'A' && first <= 'Z') {
            Arrival.of(channel).asMisdirected().settle(channel); // Every method of HTTP begins so.
            protocols.plain(channel);
            context.pipeline().remove(this);
        } else {
            in.skipBytes(in.readableBytes());
            threshold.refuse(DoorRefusal.NOT_TLS, null);
        }
    }
}
