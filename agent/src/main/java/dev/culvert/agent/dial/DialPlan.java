package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import dev.culvert.lane.LaneOptions;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How an agent reaches its edge, and what it says there.
 *
 * @param client what connects; stays the caller's
 * @param edge where
 * @param trust by what the edge is known, where TLS is spoken
 * @param proxy what connects to it, where that is not the client itself
 * @param instance the agent's instance id
 * @param software its name and version, for logs
 * @param token where its identity comes from, where it has one
 * @param secret an anonymous agent's secret
 * @param events whether it wants to hear of finished exchanges
 * @param lanes how many lanes it wants
 * @param options how its lanes behave
 * @param reconnect what it does when its last lane is lost
 * @param nanoClock a clock in nanoseconds that only goes forward
 */
public record DialPlan(
        NetClient client,
        EdgeAddress edge,
        EdgeTrust trust,
        @Nullable WebProxy proxy,
        String instance,
        String software,
        @Nullable TokenSource token,
        @Nullable Secret secret,
        boolean events,
        int lanes,
        LaneOptions options,
        Reconnect reconnect,
        LongSupplier nanoClock) {

    LaneDialer dialer() {
        return switch (edge.transport()) {
            case TCP -> new SocketDialer(client, edge, null, proxy);
            case TLS -> new SocketDialer(client, edge, new EdgeTls(trust, EdgeTls.LANE), proxy);
            case WS -> new WebSocketDialer(new SocketDialer(client, edge, null, proxy), edge, software);
            case WSS ->
                new WebSocketDialer(
                        new SocketDialer(client, edge, new EdgeTls(trust, EdgeTls.HTTP_1_1), proxy), edge, software);
        };
    }

    /** The token for the next HELLO, empty for an agent that has none; fails with {@link DialException}. */
    Future<Optional<Secret>> askForToken(Vertx vertx) {
        if (token == null) {
            return Future.succeededFuture(Optional.empty());
        }
        return vertx.executeBlocking(() -> Optional.of(token.token()), false)
                .recover(fault -> Future.failedFuture(new DialException(
                        DialException.Kind.NO_TOKEN,
                        CloseReason.UNAUTHORIZED,
                        "no token: " + (fault.getMessage() == null ? fault : fault.getMessage()))));
    }

    Hello hello(List<String> liveLanes, Optional<Secret> said) {
        return new Hello(
                List.of(Hello.VERSION),
                software,
                instance,
                liveLanes,
                said.map(Secret::reveal).orElse(null),
                secret == null ? null : secret.reveal(),
                options.streamWindowBytes(),
                events);
    }
}
