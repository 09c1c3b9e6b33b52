package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import dev.culvert.lane.LaneOptions;
import dev.culvert.wire.Hello;
import io.vertx.core.net.NetClient;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How an agent reaches its edge, and what it says there.
 *
 * @param client what connects; stays the caller's
 * @param edge where
 * @param instance the agent's instance id
 * @param software its name and version, for logs
 * @param token its identity, where it has one
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
        String instance,
        String software,
        @Nullable Secret token,
        @Nullable Secret secret,
        boolean events,
        int lanes,
        LaneOptions options,
        Reconnect reconnect,
        LongSupplier nanoClock) {

    LaneDialer dialer() {
        return switch (edge.transport()) {
            case TCP -> new TcpDialer(client, edge.hostPort());
            case TLS, WS, WSS ->
                throw new IllegalArgumentException(
                        edge + " needs TLS or a WebSocket to reach the edge, which this version does not have");
        };
    }

    Hello hello(List<String> liveLanes) {
        return new Hello(
                List.of(Hello.VERSION),
                software,
                instance,
                liveLanes,
                token == null ? null : token.reveal(),
                secret == null ? null : secret.reveal(),
                options.streamWindowBytes(),
                events);
    }
}
