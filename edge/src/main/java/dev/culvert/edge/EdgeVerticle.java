package dev.culvert.edge;

import dev.culvert.lane.Sockets;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * One event loop's share of the visitors and agents. Deployed first, so that its event loop is known, and told later to
 * open the ports. Each instance opens all of them; Vert.x lets them share one socket and deals the connections out. What
 * is open closes at the latest when it is undeployed.
 */
final class EdgeVerticle extends VerticleBase {
    /** On its event loop alone. */
    private final List<NetServer> listening = new ArrayList<>();

    private EdgeVerticle() {}

    /**
     * The shares of a node.
     *
     * @param id what undeploys them
     * @param shares at least one
     */
    record Deployed(String id, List<EdgeVerticle> shares) {}

    /** Deploys so many, on an event loop each as far as the Vert.x has them. */
    static Future<Deployed> deploy(Vertx vertx, int count) {
        Queue<EdgeVerticle> shares = new ConcurrentLinkedQueue<>();
        DeploymentOptions options = new DeploymentOptions().setInstances(count);
        return vertx.deployVerticle(
                        () -> {
                            EdgeVerticle share = new EdgeVerticle();
                            shares.add(share);
                            return share;
                        },
                        options)
                .map(id -> new Deployed(id, List.copyOf(shares)));
    }

    /**
     * A port to open.
     *
     * @param option the option that chose it
     * @param number the port; below 0 for one that is free, the same for all instances that say the same number
     * @param listen listens
     * @param chosen told the port, before the next one is opened; called by each instance
     */
    record Opening(String option, int number, Listen listen, IntConsumer chosen) {
        interface Listen {
            Future<NetServer> on(Vertx vertx, String address, int port);
        }
    }

    /** Where it runs. */
    Context context() {
        return context;
    }

    /** What runs its part. */
    EventLoop eventLoop() {
        return Sockets.eventLoopOf(context);
    }

    /**
     * Opens these ports on these addresses, one after the other. Any thread.
     *
     * @return fails with the reason in words; then some are open until {@link #closePorts}
     */
    Future<Void> open(List<String> addresses, List<Opening> openings) {
        return onItsLoop(() -> {
            Future<Integer> opened = Future.succeededFuture(0);
            for (Opening opening : openings) {
                opened = opened.compose(before -> open(addresses, opening));
            }
            return opened.mapEmpty();
        });
    }

    /** Closes all, and what came in there. Any thread. */
    Future<Void> closePorts() {
        return onItsLoop(() -> {
            List<Future<Void>> closing =
                    listening.stream().map(NetServer::close).toList();
            listening.clear();
            return Future.join(closing).mapEmpty();
        });
    }

    private Future<Void> onItsLoop(Supplier<Future<Void>> action) {
        Promise<Void> done = Promise.promise();
        context.runOnContext(now -> action.get().onComplete(done));
        return done.future();
    }

    /** Opens it on all addresses, with the number that it got on the first. */
    private Future<Integer> open(List<String> addresses, Opening opening) {
        Future<Integer> opened = Future.succeededFuture(opening.number());
        for (String address : addresses) {
            opened = opened.compose(number -> opening.listen()
                    .on(vertx, address, number)
                    .map(server -> {
                        listening.add(server);
                        return server.actualPort();
                    })
                    .recover(
                            fault -> Future.failedFuture(Listening.inWords(opening.option(), address, number, fault))));
        }
        return opened.onSuccess(opening.chosen()::accept);
    }
}
