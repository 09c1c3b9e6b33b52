package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Watches a visitor connection from its acceptance until it has said what it is: gives it a limited time, bounds how
 * many there are of its kind, and hears of what goes wrong meanwhile. The last handler of the pipeline; removed by
 * whoever takes the connection further. Runs on the channel's event loop.
 */
final class Threshold extends ChannelInboundHandlerAdapter implements OpenVisitors.Connection {
    /** What a connection gets that has said nothing yet when the node begins to drain. */
    private static final Duration LAST_WORD = Duration.ofSeconds(2);

    private final Ingress ingress;
    private final Channel channel;
    private final Crowd crowd;
    private final Deadline deadline;
    private boolean over;

    Threshold(Ingress ingress, Channel channel, Crowd crowd) {
        this.ingress = ingress;
        this.channel = channel;
        this.crowd = crowd;
        this.deadline = new Deadline(channel.eventLoop(), () -> refuse(DoorRefusal.TOO_SLOW, null));
    }

    /**
     * The connections of one event loop that have not said yet what they are. Who is honest is through within a round
     * trip or three, so the one that has waited longest is the one to go.
     */
    static final class Crowd {
        /**
         * Each may have sent {@link ServerName#MAX_HELLO_BYTES} of a ClientHello: 64 MiB together for an event loop.
         * After a restart all visitors of a node come back within a second; that is fewer.
         */
        static final int MOST = 2_048;

        private final Set<Threshold> waiting = new LinkedHashSet<>();

        private void add(Threshold one) {
            waiting.add(one);
            if (waiting.size() > MOST) {
                Iterator<Threshold> oldest = waiting.iterator();
                oldest.next().refuse(DoorRefusal.TOO_MANY, null);
            }
        }

        private void remove(Threshold one) {
            waiting.remove(one);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        deadline.in(ingress.options().deadlines().head());
        ingress.visitors().add(channel, this);
        crowd.add(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        passed();
    }

    /** Says why the connection goes no further, and closes it. */
    void refuse(DoorRefusal reason, @Nullable String detail) {
        if (!over) {
            tell(reason, detail);
            channel.close();
        }
    }

    /** Says why the connection goes no further; whoever calls closes it, in time. */
    void tell(DoorRefusal reason, @Nullable String detail) {
        if (!over) {
            passed();
            ingress.traffic().doorRefusals().add(reason, Arrival.of(channel).visitor(), detail);
        }
    }

    private void passed() {
        over = true;
        deadline.cancel();
        crowd.remove(this);
    }

    @Override
    public void drain() {
        if (!over) {
            deadline.in(LAST_WORD);
        }
    }

    @Override
    public void retireStreams() {
        // There are none yet.
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message); // Behind a refusal.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            context.close(); // It has not said what it wants, and will not.
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        passed();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!over && context.pipeline().get(ServerName.class) != null) {
            refuse(DoorRefusal.NOT_TLS, cause.getMessage());
        }
        context.close();
    }
}
