package dev.culvert.agent.dial;

import dev.culvert.agent.target.ConnectFault;
import dev.culvert.agent.target.HostPort;
import dev.culvert.lane.Sockets;
import dev.culvert.wire.CloseReason;
import io.netty.channel.Channel;
import io.netty.handler.proxy.ProxyConnectException;
import io.vertx.core.Future;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Connects to an edge: plain or with TLS, straight or through a proxy. */
final class SocketDialer implements LaneDialer {
    /** How long an edge may take to accept: two lost SYNs on a long path. */
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** As Netty tells what a proxy answered. */
    private static final Pattern PROXY_STATUS = Pattern.compile("status: (\\d{3}.*)");

    /** Netty's status for what is no answer of HTTP. */
    private static final String NO_STATUS = "999";

    private final NetClient client;
    private final EdgeAddress edge;
    private final @Nullable EdgeTls tls;
    private final @Nullable WebProxy proxy;

    /**
     * @param tls null for none: on the loopback address, or where the caller says that the network is private
     * @param proxy null to go straight
     */
    SocketDialer(NetClient client, EdgeAddress edge, @Nullable EdgeTls tls, @Nullable WebProxy proxy) {
        this.client = client;
        this.edge = edge;
        this.tls = tls;
        this.proxy = proxy;
    }

    @Override
    public Future<Channel> dial() {
        HostPort at = edge.hostPort();
        // Not looked up: a name server that does not answer must not keep the agent from its own machine.
        String reached = at.host().equals("localhost") ? "127.0.0.1" : at.host();
        ConnectOptions options = new ConnectOptions()
                .setRemoteAddress(SocketAddress.inetSocketAddress(at.port(), reached))
                .setHost(at.host())
                .setPort(at.port())
                .setTimeout((int) TIMEOUT.toMillis());
        if (tls != null) {
            tls.addTo(options, at);
        }
        if (proxy != null) {
            options.setProxyOptions(proxy.options());
        }
        // A client that was closed meanwhile throws, and does not fail.
        return Future.succeededFuture(options)
                .compose(client::connect)
                .map(socket -> Sockets.takeOver(socket))
                .recover(failure -> Future.failedFuture(inWords(failure)));
    }

    private DialException inWords(Throwable failure) {
        Optional<UntrustedEdgeException> untrusted = ConnectFault.cause(failure, UntrustedEdgeException.class);
        if (untrusted.isPresent()) {
            return new DialException(
                    DialException.Kind.UNTRUSTED,
                    CloseReason.LANE_LOST,
                    "the edge at %s is not trusted: %s"
                            .formatted(edge, untrusted.get().getMessage()));
        }
        Optional<SSLException> noTls = ConnectFault.cause(failure, SSLException.class);
        if (noTls.isPresent()) {
            Throwable innermost = noTls.get();
            while (innermost.getCause() != null) {
                innermost = innermost.getCause();
            }
            return unreachable("%s answers, but not with TLS as it should (%s)".formatted(edge, reason(innermost)));
        }
        return proxy == null
                ? unreachable("no edge answers at %s (%s)".formatted(name(), reason(failure)))
                : ofProxy(proxy, failure);
    }

    private DialException ofProxy(WebProxy asked, Throwable failure) {
        Matcher status = PROXY_STATUS.matcher(String.valueOf(failure.getMessage()));
        boolean answered =
                ConnectFault.cause(failure, ProxyConnectException.class).isPresent() && status.find();
        if (!answered) {
            return unreachable(
                    "the proxy at %s, which %s names, does not answer (%s); add the edge to NO_PROXY where it needs none"
                            .formatted(asked, asked.source(), reason(failure)));
        }
        String said = status.group(1);
        if (said.startsWith(NO_STATUS)) {
            return unreachable("what answers at %s, which %s names, is no HTTP proxy; name one there"
                    .formatted(asked, asked.source()));
        }
        if (said.startsWith("407") || said.startsWith("401")) { // tinyproxy means the same by the latter.
            return new DialException(
                    DialException.Kind.PROXY,
                    CloseReason.LANE_LOST,
                    "the proxy at %s wants %s: write them into %s, as http://user:password@%s"
                            .formatted(
                                    asked,
                                    asked.user() == null ? "a user and a password" : "another user or password",
                                    asked.source(),
                                    asked));
        }
        return unreachable("the proxy at %s does not connect to %s (it says %s)".formatted(asked, name(), said));
    }

    private static DialException unreachable(String message) {
        return new DialException(DialException.Kind.UNREACHABLE, CloseReason.LANE_LOST, message);
    }

    /** A plain edge is called as it is written in the option; the others' ports are often not. */
    private String name() {
        return edge.transport() == EdgeAddress.Transport.TCP ? edge.hostPort().toString() : edge.toString();
    }

    private static String reason(Throwable failure) {
        return failure instanceof UnknownHostException ? "no such host" : ConnectFault.inWords(failure, TIMEOUT);
    }
}
