package dev.culvert.agent.target;

import io.vertx.core.Future;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/**
 * Connects to one target. Called on the event loop that shall own the connection; safe for use by several at once.
 *
 * <p>Where a target has two addresses, the one that answered last is tried first: a development server listens on
 * 127.0.0.1 or on ::1, seldom on both.
 */
public final class TargetDialer {
    /** How long a target may take to accept, TLS included: a local service needs none of it. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** As ALPN has it (RFC 9113, 3.1). */
    private static final String HTTP2 = "h2";

    private final NetClient client;
    private final Target target;
    private final boolean insecure;
    private final boolean http2;
    private final List<SocketAddress> addresses;
    private volatile int preferred;

    /** TLS stands, and is not for HTTP/2. */
    private static final class NoHttp2Exception extends Exception {
        private static final long serialVersionUID = 1;
    }

    /**
     * Dials with a client that stays the caller's.
     *
     * @param insecure whether a TLS target's certificate is taken unseen
     * @param http2 whether a TLS target must choose HTTP/2 (RFC 9113, 3.2)
     */
    public TargetDialer(NetClient client, Target target, boolean insecure, boolean http2) {
        this(client, target, insecure, http2, target.addresses());
    }

    private TargetDialer(
            NetClient client, Target target, boolean insecure, boolean http2, List<SocketAddress> addresses) {
        this.client = client;
        this.target = target;
        this.insecure = insecure;
        this.http2 = http2;
        this.addresses = addresses;
    }

    /** The same for a folder, which this server serves. */
    public static TargetDialer toServer(NetClient client, Target folder, SocketAddress server) {
        return new TargetDialer(client, folder, false, false, List.of(server));
    }

    /** What it connects to. */
    Target target() {
        return target;
    }

    /** A connection to the target, or {@link TargetRefusedException} with a sentence for the visitor. */
    public Future<NetSocket> dial() {
        int first = preferred;
        return connect(first)
                .recover(failure -> addresses.size() == 1
                        ? Future.failedFuture(failure)
                        : connect((first + 1) % addresses.size()).recover(ignored -> Future.failedFuture(failure)))
                .recover(failure -> Future.failedFuture(new TargetRefusedException(sentence(failure))));
    }

    private Future<NetSocket> connect(int index) {
        return client.connect(options(addresses.get(index)))
                .compose(this::requireHttp2)
                .onSuccess(socket -> preferred = index);
    }

    private Future<NetSocket> requireHttp2(NetSocket socket) {
        if (!http2 || !socket.isSsl() || HTTP2.equals(socket.applicationLayerProtocol())) {
            return Future.succeededFuture(socket);
        }
        socket.close();
        return Future.failedFuture(new NoHttp2Exception());
    }

    private ConnectOptions options(SocketAddress address) {
        ConnectOptions options = new ConnectOptions().setRemoteAddress(address).setTimeout((int) TIMEOUT.toMillis());
        HostPort hostPort = target.hostPort();
        if (!target.tls() || hostPort == null) {
            return options;
        }
        ClientSSLOptions tls =
                new ClientSSLOptions().setTrustAll(insecure).setHostnameVerificationAlgorithm(insecure ? "" : "HTTPS");
        if (http2) {
            tls.setUseAlpn(true).setApplicationLayerProtocols(List.of(HTTP2));
        }
        return options.setHost(hostPort.host())
                .setPort(hostPort.port())
                .setSsl(true)
                .setSniServerName(hostPort.host())
                .setSslOptions(tls);
    }

    private String sentence(Throwable failure) {
        if (target.folder() != null) {
            return "the agent's folder is not served any more"; // Where it is concerns no visitor.
        }
        if (failure instanceof NoHttp2Exception || isAlpnRefused(failure)) {
            return "%s answers by TLS, but does not choose HTTP/2: culvert http2 is for servers that speak it, culvert http for others"
                    .formatted(target.name());
        }
        if (failure instanceof SSLException || failure.getCause() instanceof SSLException) {
            return "%s answers, but not with TLS as it should: its certificate is not trusted (--insecure-target takes it unseen), or it speaks none (%s)"
                    .formatted(target.name(), ConnectFault.inWords(failure, TIMEOUT));
        }
        return "nothing answers on %s (%s)".formatted(target.name(), ConnectFault.inWords(failure, TIMEOUT));
    }

    /** Some end the handshake where they do not choose what is offered (RFC 7301, 3.2); the JDK has no type for it. */
    private static boolean isAlpnRefused(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> String.valueOf(cause.getMessage()).contains("no_application_protocol"));
    }
}
