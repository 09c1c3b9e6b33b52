package dev.culvert.edge;

import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.relay.Relay;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a node becomes unneeded before it stops:
 *
 * <ol>
 *   <li>agents are asked to open a lane to another node and bind their tunnels there;
 *   <li>each claim is left to another node once that has one; until then, and for who comes late, this node serves;
 *   <li>then the other nodes are told to keep no idle streams here;
 *   <li>meanwhile each visitor connection ends after its next answer, or when it is idle.
 * </ol>
 *
 * It is over when nothing is open, or the time is. Then the node may stop: nobody is cut off who was not too slow.
 */
final class Drain {
    /** How often it looks: often enough that nobody waits for it. */
    private static final long LOOK_MILLIS = 50;

    /** How long nothing may have been open, in a cluster: by then the other nodes know that the claims have gone. */
    private static final long QUIET_MILLIS = 300;

    private static final Logger LOGGER = LoggerFactory.getLogger(Drain.class);

    private final Vertx vertx;
    private final Registry registry;
    private final Lanes lanes;
    private final LocalCarriers carriers;
    private final VisitorPort visitors;
    private final @Nullable Relay relay;
    private boolean relayDrains;
    private long quietSinceNanos;

    /**
     * Of a node whose lanes are among its carriers.
     */
    Drain(
            Vertx vertx,
            Registry registry,
            Lanes lanes,
            LocalCarriers carriers,
            VisitorPort visitors,
            @Nullable Relay relay) {
        this.vertx = vertx;
        this.registry = registry;
        this.lanes = lanes;
        this.carriers = carriers;
        this.visitors = visitors;
        this.relay = relay;
    }

    /** Begins; completes when nothing is open any more, or after this time, and never fails. */
    Future<Void> within(Duration limit) {
        LOGGER.atInfo()
                .addKeyValue("visitors", visitors.visitors())
                .addKeyValue("agents", lanes.count())
                .addKeyValue("timeout", limit)
                .log("draining; asking agents to go elsewhere and waiting for visitors");
        carriers.drain();
        visitors.drain().onSuccess(none -> LOGGER.atDebug().log("no visitor is left"));
        long begun = System.nanoTime();
        quietSinceNanos = begun;
        Promise<Void> drained = Promise.promise();
        if (isOver(begun, limit)) {
            drained.complete();
        } else {
            vertx.setPeriodic(LOOK_MILLIS, timer -> {
                if (isOver(begun, limit) && vertx.cancelTimer(timer)) {
                    drained.complete();
                }
            });
        }
        return drained.future();
    }

    private boolean isOver(long begunNanos, Duration limit) {
        long now = System.nanoTime();
        boolean alone = registry.nodes() == 1;
        int claims = alone ? 0 : lanes.handOver();
        if (claims == 0 && relay != null && !relayDrains) {
            relayDrains = true;
            relay.drain();
        }
        int relayed = relay == null ? 0 : relay.load();
        if (claims > 0 || relayed > 0 || visitors.visitors() > 0) {
            quietSinceNanos = now;
        }
        if (now - begunNanos >= limit.toNanos()) {
            LOGGER.atWarn()
                    .addKeyValue("visitors", visitors.visitors())
                    .addKeyValue("relayed", relayed)
                    .addKeyValue("claims", claims)
                    .log("the drain's time is over; what is open is cut off");
            return true;
        }
        long quiet = alone ? 0 : QUIET_MILLIS * 1_000_000;
        return claims == 0 && relayed == 0 && visitors.visitors() == 0 && now - quietSinceNanos >= quiet;
    }
}
