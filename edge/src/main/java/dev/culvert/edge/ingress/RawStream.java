package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.RegistryBusyException;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream of a visitor whose bytes are carried untouched: finds the tunnel, opens the stream through a carrier, and
 * after an explicit refusal through another. To whoever is joined with it, it is one stream, not writable until a carrier
 * has one.
 *
 * <pre>
 *   finding the tunnel ──► opening ◄──refused──► open ──► ended
 *            └─────────────────┴──► turned away
 * </pre>
 *
 * Begins with {@link #listen}. On the visitor's event loop.
 */
final class RawStream implements TunnelStream, TunnelStream.Listener {
    /** What a visitor may have sent and another carrier can still be tried: more than any ClientHello. */
    private static final int MOST_REPLAYED_BYTES = 64 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(RawStream.class);

    private final Ingress ingress;
    private final RawRequest request;
    private final EventLoop loop;
    private final Events events;

    /** What the visitor has sent, while it may have to be sent again; a copy, so that it pins no read buffers. */
    private @Nullable ByteBuf replay;

    private @Nullable Listener listener;
    private @Nullable Attempts attempts;
    private @Nullable TunnelStream open;
    private boolean finished;
    private boolean ended;

    /** What the visitor's side has to know, beside the stream. On the event loop. */
    interface Events {
        /** There is a tunnel. At most once, before bytes move. */
        void onTunnel(Tunnel tunnel);

        /** So many bytes came from the visitor, and so many from the target. */
        void onMoved(long in, long out);

        /** Nothing can serve the visitor, and nothing was delivered; the stream's listener hears nothing of it. */
        void onTurnedAway(StreamReset why);
    }

    RawStream(Ingress ingress, RawRequest request, Channel visitor, Events events) {
        this.ingress = ingress;
        this.request = request;
        this.loop = visitor.eventLoop();
        this.events = events;
        this.replay = visitor.alloc().buffer();
    }

    // What the visitor's side does.

    @Override
    public EventLoop eventLoop() {
        return loop;
    }

    @Override
    public void listen(Listener newListener) {
        boolean first = listener == null;
        listener = newListener;
        if (!first) {
            return;
        }
        VisitorRates rates = ingress.rates();
        long waitSeconds =
                rates == null ? 0 : rates.waitSeconds(request.visitor().getAddress());
        Tunnel known = ingress.registry().find(request.key());
        if (waitSeconds > 0) {
            turnAway(new StreamReset(CloseReason.OVERLOADED, 0, "the visitor's address connects too often"));
        } else if (known != null) {
            through(known);
        } else {
            onLoop(ingress.registry().confirm(request.key()), found -> {
                if (found.isPresent()) {
                    through(found.get());
                } else {
                    turnAway(new StreamReset(CloseReason.NOT_HELD, 0, "there is no such tunnel"));
                }
            });
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (ended) {
            bytes.release();
            return;
        }
        int size = bytes.readableBytes();
        events.onMoved(size, 0);
        if (replay != null) {
            if (open != null && replay.readableBytes() + size > MOST_REPLAYED_BYTES) {
                dropReplay();
            } else {
                replay.writeBytes(bytes, bytes.readerIndex(), size);
            }
        }
        if (open == null) {
            bytes.release(); // It waits in the replay.
        } else {
            open.write(bytes);
        }
    }

    @Override
    public boolean isWritable() {
        return ended || (open != null && open.isWritable()); // What comes after the end is dropped, not kept waiting.
    }

    @Override
    public void finish() {
        finished = true;
        if (open != null) {
            open.finish();
        }
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (!ended) {
            end();
            if (open != null) {
                open.reset(reason, detail);
            }
        }
    }

    @Override
    public void reset(StreamReset reset) {
        if (!ended) {
            end();
            if (open != null) {
                open.reset(reset);
            }
        }
    }

    @Override
    public void consumed(int bytes) {
        if (open != null) {
            open.consumed(bytes);
        }
    }

    @Override
    public void report(Exchange exchange) {
        if (open != null) {
            open.report(exchange);
        }
    }

    // What the target's side does.

    @Override
    public void onBytes(ByteBuf bytes) {
        dropReplay();
        events.onMoved(0, bytes.readableBytes());
        listener().onBytes(bytes);
    }

    @Override
    public void onWritable() {
        listener().onWritable();
    }

    @Override
    public void onFinish() {
        dropReplay();
        listener().onFinish();
    }

    @Override
    public void onReset(StreamReset reset) {
        open = null;
        Attempts made = attempts;
        if (ended || made == null) {
            return;
        }
        if (made.mayRetry(reset, replay != null)) {
            LOGGER.atDebug()
                    .addKeyValue("tunnel", request.key())
                    .addKeyValue("reason", reset.reason().label())
                    .log("visitor refused; trying another carrier");
            attempt(made);
        } else if (Attempts.isRefusal(reset)) {
            turnAway(reset);
        } else {
            end();
            listener().onReset(reset);
        }
    }

    // The way to the target.

    private void through(Tunnel tunnel) {
        if (!tunnel.kind().equals(request.kind().name().toLowerCase(Locale.ROOT))) {
            turnAway(new StreamReset(CloseReason.NOT_HELD, 0, "the tunnel is of the kind " + tunnel.kind()));
            return;
        }
        if (tunnel.policy().restrictsBeyondUs()) {
            turnAway(new StreamReset(
                    CloseReason.NOT_ADMITTED, 0, "this edge is of an earlier release than what the tunnel asks for"));
            return;
        }
        if (!tunnel.policy().admission().letsIn(request.visitor().getAddress())) {
            turnAway(new StreamReset(CloseReason.NOT_ADMITTED, 0, "the visitor's network is not let in"));
            return;
        }
        if (ingress.tunnelRates().waitSeconds(tunnel) > 0) {
            turnAway(new StreamReset(CloseReason.OVERLOADED, 0, "more visitors come than the tunnel takes"));
            return;
        }
        events.onTunnel(tunnel);
        if (replay != null) {
            events.onMoved(replay.readableBytes(), 0);
        }
        Attempts first = new Attempts(ingress, tunnel, request.kind(), text(request.reached()));
        attempts = first;
        attempt(first);
    }

    private void attempt(Attempts attempts) {
        onLoop(attempts.open(text(request.visitor()), loop), this::opened);
    }

    private void opened(TunnelStream stream) {
        open = stream;
        if (replay != null && replay.isReadable()) {
            stream.write(replay.copy());
            if (replay.readableBytes() > MOST_REPLAYED_BYTES) {
                dropReplay();
            }
        }
        if (finished) {
            stream.finish();
        }
        stream.listen(this); // Last: what has already come may end the replay, or the stream.
        if (open == stream && stream.isWritable()) {
            listener().onWritable();
        }
    }

    private void turnAway(StreamReset why) {
        end();
        events.onTurnedAway(why);
    }

    private void end() {
        ended = true;
        dropReplay();
    }

    private void dropReplay() {
        if (replay != null) {
            replay.release();
            replay = null;
        }
    }

    private Listener listener() {
        if (listener == null) {
            throw new IllegalStateException("the stream begins with its listener");
        }
        return listener;
    }

    /** Goes on with the future's value on the event loop, unless the visitor has left meanwhile. */
    private <T> void onLoop(Future<T> future, Consumer<T> next) {
        Outcomes.on(loop, future, (value, failure) -> goOn(value, failure, next));
    }

    private <T> void goOn(@Nullable T value, @Nullable Throwable failure, Consumer<T> next) {
        if (ended) {
            if (value instanceof TunnelStream late) {
                late.reset(CloseReason.CANCELLED, "the visitor left");
            }
        } else if (value != null) {
            next.accept(value);
        } else if (failure instanceof RefusedException && attempts != null) {
            turnAway(attempts.lastRefusal());
        } else if (failure instanceof RegistryBusyException busy) {
            turnAway(new StreamReset(CloseReason.OVERLOADED, 0, String.valueOf(busy.getMessage())));
        } else {
            LOGGER.atError()
                    .setCause(failure)
                    .addKeyValue("tunnel", request.key())
                    .log("visitor could not be served; connection closed");
            turnAway(new StreamReset(CloseReason.INTERNAL, 0, String.valueOf(failure)));
        }
    }

    private static String text(InetSocketAddress address) {
        return NetUtil.toSocketAddressString(address);
    }
}
