package dev.culvert.edge.registry;

import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where a node's event bus listens, and how nodes trust each other there.
 *
 * @param host the address that the bus listens on and that other nodes reach it by; a private one
 * @param port 0 for a free one, which is found out by the other nodes
 * @param tls null for plain text, on a network that nobody else is on
 */
public record BusOptions(String host, int port, @Nullable Tls tls) {
    /**
     * How often an idle connection between two buses is tried, and how long its answer may take. The links on top find
     * out sooner; this closes what the network has swallowed, so that the next link gets a new connection.
     */
    private static final Duration PING = Duration.ofSeconds(2);

    /** How long a connection to another node may take: nodes of one cluster are near. */
    private static final Duration CONNECT = Duration.ofSeconds(2);

    public BusOptions {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host must not be empty");
        }
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port must be 0 to 65535, was " + port);
        }
    }

    /**
     * Mutual TLS. Host names are not verified by the bus: whoever has a certificate of the authority is a node, so it
     * must be an authority for nothing else.
     *
     * @param certificate this node's, in PEM
     * @param key this node's, in PEM (PKCS#8)
     * @param authority who signs all nodes' certificates, in PEM
     */
    public record Tls(Path certificate, Path key, Path authority) {}

    EventBusOptions toVertx() {
        EventBusOptions options = new EventBusOptions()
                .setHost(host)
                .setPort(port)
                .setClusterPingInterval(PING.toMillis())
                .setClusterPingReplyInterval(PING.toMillis())
                .setConnectTimeout((int) CONNECT.toMillis())
                .setTcpNoDelay(true)
                .setTrustAll(false); // Vert.x's default here is to trust anybody.
        if (tls != null) {
            options.setSsl(true)
                    .setClientAuth(ClientAuth.REQUIRED)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .setCertPath(tls.certificate.toString())
                            .setKeyPath(tls.key.toString()))
                    .setTrustOptions(new PemTrustOptions().addCertPath(tls.authority.toString()));
        }
        return options;
    }
}
