package dev.culvert.agent.dial;

import dev.culvert.agent.target.HostPort;
import dev.culvert.wire.CloseReason;
import io.vertx.core.Future;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;

/** Plain TCP: on the loopback address, or where the caller says that the network is private. */
final class TcpDialer implements LaneDialer {
    /** How long an edge may take to accept: two lost SYNs on a long path. */
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final NetClient client;
    private final HostPort edge;

    TcpDialer(NetClient client, HostPort edge) {
        this.client = client;
        this.edge = edge;
    }

    @Override
    public Future<NetSocket> dial() {
        ConnectOptions options = new ConnectOptions()
                // Not looked up: a name server that does not answer must not keep the agent from its own machine.
                .setHost(edge.host().equals("localhost") ? "127.0.0.1" : edge.host())
                .setPort(edge.port())
                .setTimeout((int) TIMEOUT.toMillis());
        return client.connect(options).recover(failure -> Future.failedFuture(unreachable(failure)));
    }

    private DialException unreachable(Throwable failure) {
        return new DialException(
                DialException.Kind.UNREACHABLE,
                CloseReason.LANE_LOST,
                "no edge answers at %s (%s)".formatted(edge, reason(failure)));
    }

    private static String reason(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof UnknownHostException) {
            return "no such host";
        }
        if (failure instanceof ConnectException) {
            String lower = message.toLowerCase(Locale.ROOT);
            if (lower.contains("refused")) {
                return "connection refused";
            }
            if (lower.contains("timed out")) {
                return "no answer within %d s".formatted(TIMEOUT.toSeconds());
            }
        }
        return message;
    }
}
