package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.Splice;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A visitor connection whose bytes are carried untouched: raw TCP, or TLS that ends at the target. It lasts until both
 * directions are over; silence ends it never, but the kernel asks visitors that are silent whether they are still there.
 * When nothing can serve it, it closes as if all were said, and the reason is in the log and in the metrics; a stream
 * that breaks is a reset for the visitor. Runs on the channel's event loop.
 */
final class RawVisit extends ChannelInboundHandlerAdapter implements OpenVisitors.Connection {
    private static final Logger LOGGER = LoggerFactory.getLogger(RawVisit.class);

    private final Ingress ingress;
    private final Channel channel;
    private final RawRequest request;
    private final long beganMillis = System.currentTimeMillis();
    private final long beganNanos = System.nanoTime();
    private Traffic.@Nullable OfTunnel traffic;
    private boolean turnedAway;
    private @Nullable String owner;
    private long in;
    private long out;
    private boolean logged;

    private RawVisit(Ingress ingress, Channel channel, RawRequest request) {
        this.ingress = ingress;
        this.channel = channel;
        this.request = request;
    }

    /**
     * Takes the connection over. What the handlers before it in the pipeline read from here on goes to the target; they
     * should be removed, and hold nothing back.
     *
     * @param channel was {@linkplain Sockets#takeOver taken over}; on its event loop
     * @param first what was read already and belongs to the target, for example a ClientHello; taken over
     */
    static void begin(Ingress ingress, Channel channel, RawRequest request, ByteBuf first) {
        RawVisit visit = new RawVisit(ingress, channel, request);
        ingress.visitors().add(channel, visit);
        Probes.start(channel);
        Sockets.append(channel, visit);
        RawStream stream = new RawStream(ingress, request, channel, visit.new FromStream());
        stream.write(first);
        Splice.join(stream, channel, CloseReason.CANCELLED, visit::ended);
    }

    @Override
    public void drain() {
        // It is one conversation: it ends by itself, or with the drain's time.
    }

    @Override
    public void retireStreams() {
        // Its stream is in use.
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (turnedAway) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (turnedAway && event instanceof ChannelInputShutdownEvent) {
            LingeringClose.inputEnded(channel);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    private void ended(long bytesIn, long bytesOut) {
        LOGGER.atDebug()
                .addKeyValue("tunnel", request.key())
                .addKeyValue("remote", request.visitor())
                .addKeyValue("bytesIn", bytesIn)
                .addKeyValue("bytesOut", bytesOut)
                .log("visitor's connection is over");
        notUnderWay();
        log(null);
    }

    private void notUnderWay() {
        if (traffic != null) {
            traffic.ended();
            traffic = null;
        }
    }

    /** @param why it was turned away; null where it was served */
    private void log(@Nullable StreamReset why) {
        if (!ingress.writesDown() || logged) {
            return;
        }
        logged = true;
        ingress.log()
                .add(new AccessLog.Visit(
                        beganMillis,
                        request.kind().name().toLowerCase(Locale.ROOT),
                        NetUtil.toAddressString(request.visitor().getAddress()),
                        request.key().name(),
                        owner,
                        null,
                        null,
                        0,
                        why == null ? null : why.reason().label(),
                        in,
                        out,
                        (System.nanoTime() - beganNanos) / 1000));
    }

    private final class FromStream implements RawStream.Events {
        @Override
        public void onTunnel(Tunnel tunnel) {
            traffic = ingress.traffic().counting(tunnel.key());
            traffic.begun();
            owner = tunnel.owner();
        }

        @Override
        public void onMoved(long moreIn, long moreOut) {
            in += moreIn;
            out += moreOut;
            if (traffic != null) {
                traffic.bytes(moreIn, moreOut);
            }
        }

        @Override
        public void onTurnedAway(StreamReset why) {
            turnedAway = true;
            ingress.traffic().turnAway(request, why);
            notUnderWay();
            log(why);
            LingeringClose.of(channel, ingress.options().deadlines());
        }
    }
}
