package dev.culvert.edge.registry;

import dev.culvert.edge.tls.BusCertificate;
import dev.culvert.edge.tls.Pem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.time.Duration;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where a node's event bus listens, and how nodes trust each other there.
 *
 * @param host the address that the bus listens on and that other nodes reach it by; a private one
 * @param port 0 for a free one, which is found out by the other nodes
 * @param certificate for mutual TLS. Host names are not verified by the bus: whoever has a certificate of the authority is a
 *     node, so it must be an authority for nothing else. Null for plain text, on a network that nobody else is on
 */
public record BusOptions(String host, int port, @Nullable BusCertificate certificate) {
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

    /** The same with another certificate. */
    public BusOptions with(BusCertificate other) {
        return new BusOptions(host, port, other);
    }

    EventBusOptions toVertx() {
        EventBusOptions options = new EventBusOptions()
                .setHost(host)
                .setPort(port)
                .setClusterPingInterval(PING.toMillis())
                .setClusterPingReplyInterval(PING.toMillis())
                .setConnectTimeout((int) CONNECT.toMillis())
                .setTcpNoDelay(true)
                .setTrustAll(false); // Vert.x's default here is to trust anybody.
        if (certificate != null) {
            PemTrustOptions nodes = new PemTrustOptions();
            certificate.authorities().forEach(authority -> nodes.addCertValue(Buffer.buffer(Pem.of(authority))));
            options.setSsl(true)
                    .setClientAuth(ClientAuth.REQUIRED)
                    .setKeyCertOptions(own(certificate))
                    .setTrustOptions(nodes);
        }
        return options;
    }

    /** As text: Vert.x hands a bus's options on as JSON, in which a key manager would be lost. */
    private static PemKeyCertOptions own(BusCertificate certificate) {
        String chain = certificate.own().chain().stream().map(Pem::of).collect(Collectors.joining());
        return new PemKeyCertOptions()
                .setCertValue(Buffer.buffer(chain))
                .setKeyValue(Buffer.buffer(Pem.of(certificate.own().key())));
    }
}
