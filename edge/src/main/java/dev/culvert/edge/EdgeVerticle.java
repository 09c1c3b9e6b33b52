package dev.culvert.edge;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * One event loop's share of the visitors and agents. Each instance opens all ports; Vert.x lets them share one socket
 * and deals the connections out. The ports close when it is undeployed.
 */
final class EdgeVerticle extends VerticleBase {
    private final List<String> addresses;
    private final List<Opening> openings;

    /**
     * A share.
     *
     * @param addresses where each port is opened
     * @param openings the ports, opened in this order
     */
    EdgeVerticle(List<String> addresses, List<Opening> openings) {
        this.addresses = List.copyOf(addresses);
        this.openings = List.copyOf(openings);
    }

    /**
     * A port to open.
     *
     * @param option the option that chose it
     * @param number the port; below 0 for one that is free, the same for all instances that say the same number
     * @param listen listens, and says on which port
     * @param chosen told the port, before the next one is opened; called by each instance
     */
    record Opening(String option, int number, Listen listen, IntConsumer chosen) {
        interface Listen {
            Future<Integer> on(Vertx vertx, String address, int port);
        }
    }

    @Override
    public Future<?> start() {
        Future<Integer> opened = Future.succeededFuture(0);
        for (Opening opening : openings) {
            opened = opened.compose(before -> open(opening));
        }
        return opened;
    }

    /** Opens it on all addresses, with the number that it got on the first. */
    private Future<Integer> open(Opening opening) {
        Future<Integer> opened = Future.succeededFuture(opening.number());
        for (String address : addresses) {
            opened = opened.compose(number -> opening.listen()
                    .on(vertx, address, number)
                    .recover(
                            fault -> Future.failedFuture(Listening.inWords(opening.option(), address, number, fault))));
        }
        return opened.onSuccess(opening.chosen()::accept);
    }
}
