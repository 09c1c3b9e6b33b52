package dev.culvert.edge;

import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a listener of this node's tunnels: one for each claim, whoever it is of. What it knows is its event loop's own. */
final class BoundTunnels implements Registry.ClaimListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(BoundTunnels.class);

    private final EdgeListener listener;
    private final Context context;
    private final Binder binder;
    private final LocalCarriers carriers;
    private final Map<Served, BoundTunnel> told = new HashMap<>();
    private boolean closed;

    private record Served(TunnelKey key, Claim claim) {
        static Served of(Registry.Request request) {
            return new Served(request.key(), request.claim());
        }
    }

    /** On the event loop of the context. */
    BoundTunnels(EdgeListener listener, Context context, Binder binder, LocalCarriers carriers) {
        this.listener = listener;
        this.context = context;
        this.binder = binder;
        this.carriers = carriers;
    }

    @Override
    public void granted(Registry.Request request) {
        BoundTunnel tunnel = new BoundTunnel(
                binder.nameOf(request.key()),
                binder.urlOf(request.key(), request.kind()),
                request.kind(),
                request.owner(),
                request.claim().instance(),
                request.claim().lane(),
                carriers.remoteOf(request.claim().lane()));
        context.runOnContext(now -> {
            if (!closed) {
                told.put(Served.of(request), tunnel);
                tell(listener::onBound, tunnel);
            }
        });
    }

    @Override
    public void gone(Registry.Request request) {
        context.runOnContext(now -> {
            BoundTunnel tunnel = told.remove(Served.of(request));
            if (tunnel != null) {
                tell(listener::onGone, tunnel);
            }
        });
    }

    /** The node is stopping: what is still there is gone. Completes when the listener has heard. */
    Future<Void> close() {
        Promise<Void> heard = Promise.promise();
        context.runOnContext(now -> {
            closed = true;
            told.values().forEach(tunnel -> tell(listener::onGone, tunnel));
            told.clear();
            heard.complete();
        });
        return heard.future();
    }

    private static void tell(Consumer<BoundTunnel> listening, BoundTunnel tunnel) {
        try {
            listening.accept(tunnel);
        } catch (RuntimeException | Error e) {
            LOGGER.atError().setCause(e).addKeyValue("tunnel", tunnel.name()).log("listener failed; going on");
        }
    }
}
