package dev.culvert.agent.target;

import dev.culvert.lane.Sockets;
import dev.culvert.lane.Splice;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
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

    private final Refusals refusals;
    private final Map<Integer, TargetDialer> dialers = new ConcurrentHashMap<>();
    private final Map<String, Integer> ids = new ConcurrentHashMap<>();

    /** Hears of targets that did not answer, on the event loop of the stream. */
    public interface Refusals {
        /**
         * One did not.
         *
         * @param id the agent's number of the tunnel
         * @param sentence why, for people
         */
        void onRefused(int id, String sentence);
    }

    public TargetStreams(Refusals refusals) {
        this.refusals = refusals;
    }

    /** The target of the tunnel with the agent's number. */
    public void put(int id, TargetDialer dialer) {
        dialers.put(id, dialer);
    }

    /** From here on streams for the key go to the tunnel with the number. */
    public void granted(String tunnelKey, int id) {
        ids.put(tunnelKey, id);
    }

    /** From here on streams for the tunnel are refused; those that are open go on. */
    public void remove(int id) {
        dialers.remove(id);
        ids.values().remove(id);
    }

    /** The number of the tunnel with the key; null when there is none. */
    public @Nullable Integer idOf(String tunnelKey) {
        return ids.get(tunnelKey);
    }

    /** Serves a stream, or resets it. On the stream's event loop. */
    public void serve(TunnelStream stream, StreamRequest request) {
        Integer id = ids.get(request.tunnel());
        TargetDialer dialer = id == null ? null : dialers.get(id);
        if (id == null || dialer == null) {
            stream.reset(CloseReason.NOT_HELD, "this agent has no tunnel " + request.tunnel());
            return;
        }
        // What comes meanwhile is kept by the stream within its window, a reset included.
        dialer.dial()
                .onComplete(
                        socket -> Splice.join(
                                stream, Sockets.takeOver(socket), CloseReason.TARGET_FAILED, (bytesIn, bytesOut) -> {}),
                        failure -> refuse(stream, request, id, String.valueOf(failure.getMessage())));
    }

    private void refuse(TunnelStream stream, StreamRequest request, int id, String reason) {
        LOGGER.atDebug()
                .addKeyValue("tunnel", request.tunnel())
                .addKeyValue("reason", reason)
                .log("target refused; stream reset");
        stream.reset(CloseReason.TARGET_REFUSED, reason);
        refusals.onRefused(id, reason);
    }
}
