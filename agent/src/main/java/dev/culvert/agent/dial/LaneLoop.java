package dev.culvert.agent.dial;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;

/** An event loop for the second lane and those after it, so that one busy lane does not hold up the others. */
final class LaneLoop extends VerticleBase {

    /** A context on the next of the event loops. Ends with the Vertx, or with the verticle that asks for it. */
    static Future<Context> next(Vertx vertx) {
        LaneLoop loop = new LaneLoop();
        return vertx.deployVerticle(loop).map(id -> loop.context);
    }
}
