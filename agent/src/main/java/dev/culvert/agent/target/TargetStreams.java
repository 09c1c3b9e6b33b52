package dev.culvert.agent.target;

import dev.culvert.lane.Sockets;
import dev.culvert.lane.Splice;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.Channel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins the streams that an edge opens with the targets they are for. A stream stays untouched until its target has
 * answered, so that a refusal proves that nothing was delivered.
 *
 * <p>Safe for use by any thread; a stream is served on its own event loop.
 */
public final class TargetStreams {
    private static final Logger LOGGER = LoggerFactory.getLogger(TargetStreams.class);

    private final Events events;
    private final Map<Integer, Way> ways = new ConcurrentHashMap<>();
    private final Map<String, Integer> ids = new ConcurrentHashMap<>();
    private volatile Tap tap = Tap.NONE;

    /** What becomes of streams, by the agent's number of the tunnel. On the event loop of the stream. */
    public interface Events {
        /**
         * A target did not answer.
         *
         * @param sentence why, for people
         */
        void onRefused(int id, String sentence);

        /**
         * A stream is over that had a target.
         *
         * @param nanos how long it lasted
         * @param bytesIn what the visitor sent
         * @param bytesOut what the target sent
         */
        void onEnded(int id, StreamRequest request, long nanos, long bytesIn, long bytesOut);
    }

    /** How a target is reached, what it speaks, and what it is told of visitors. */
    private record Way(TargetDialer dialer, StreamRequest.Kind speaks, ProxyProtocol proxyProtocol) {}

    public TargetStreams(Events events) {
        this.events = events;
    }

    /** The target of the tunnel with the agent's number. */
    public void put(int id, TargetDialer dialer, StreamRequest.Kind speaks, ProxyProtocol proxyProtocol) {
        ways.put(id, new Way(dialer, speaks, proxyProtocol));
    }

    /** From here on streams for the key go to the tunnel with the number. */
    public void granted(String tunnelKey, int id) {
        ids.put(tunnelKey, id);
    }

    /** From here on streams for the tunnel are refused; those that are open go on. */
    public void remove(int id) {
        ways.remove(id);
        ids.values().remove(id);
    }

    /** From here on streams go through this. */
    public void tap(Tap newTap) {
        tap = newTap;
    }

    /** The number of the tunnel with the key; null when there is none. */
    public @Nullable Integer idOf(String tunnelKey) {
        return ids.get(tunnelKey);
    }

    /** Serves a stream, or resets it. On the stream's event loop. */
    public void serve(TunnelStream untapped, StreamRequest request) {
        Integer id = ids.get(request.tunnel());
        Way way = id == null ? null : ways.get(id);
        if (id == null || way == null) {
            untapped.reset(CloseReason.NOT_HELD, "this agent has no tunnel " + request.tunnel());
            return;
        } else if (way.speaks() != request.kind()) {
            // The tunnel was of another kind a moment ago, and an edge has not heard.
            untapped.reset(
                    CloseReason.NOT_HELD, "this agent's tunnel %s is of another kind".formatted(request.tunnel()));
            return;
        }
        TunnelStream stream = tap.through(untapped, request, way.dialer().target());
        // What comes meanwhile is kept by the stream within its window, a reset included.
        long begun = System.nanoTime();
        way.dialer()
                .dial()
                .onComplete(
                        socket -> {
                            Channel target = Sockets.takeOver(socket);
                            // One that takes no more of a request may have answered already.
                            target.config().setAutoClose(false);
                            if (way.proxyProtocol() != ProxyProtocol.OFF) {
                                // At once: the visitor may wait for the target to speak first.
                                target.writeAndFlush(way.proxyProtocol().header(request.visitor(), request.reached()));
                            }
                            Splice.join(
                                    stream,
                                    target,
                                    CloseReason.TARGET_FAILED,
                                    (fromTarget, toTarget) -> events.onEnded(
                                            id, request, System.nanoTime() - begun, toTarget, fromTarget));
                        },
                        failure -> refuse(stream, request, id, String.valueOf(failure.getMessage())));
    }

    private void refuse(TunnelStream stream, StreamRequest request, int id, String reason) {
        LOGGER.atDebug()
                .addKeyValue("tunnel", request.tunnel())
                .addKeyValue("reason", reason)
                .log("target refused; stream reset");
        stream.reset(CloseReason.TARGET_REFUSED, reason);
        events.onRefused(id, reason);
    }
}
