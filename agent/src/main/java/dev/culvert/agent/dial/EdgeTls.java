package dev.culvert.agent.dial;

import dev.culvert.agent.target.HostPort;
import io.netty.util.NetUtil;
import io.vertx.core.Vertx;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.TrustOptions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * TLS to an edge.
 *
 * @param protocol what is asked for by ALPN; an edge or a balancer that chooses none is taken as well
 */
record EdgeTls(EdgeTrust trust, String protocol) {
    /** A lane without anything around it, on a port that others use for HTTP. */
    static final String LANE = "culvert-lane";

    static final String HTTP_1_1 = "http/1.1";

    /** Two round trips, on a long path with a lost packet. */
    private static final long HANDSHAKE_SECONDS = 10;

    /** Asks for TLS with the certificate of this host. */
    void addTo(ConnectOptions options, HostPort edge) {
        options.setSsl(true)
                .setSslOptions(new ClientSSLOptions()
                        .setUseAlpn(true)
                        .setApplicationLayerProtocols(List.of(protocol))
                        .setHostnameVerificationAlgorithm(trust instanceof EdgeTrust.Key ? "" : "HTTPS")
                        .setTrustOptions(new Checked(trust))
                        .setSslHandshakeTimeout(HANDSHAKE_SECONDS)
                        .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS));
        boolean named = !NetUtil.isValidIpV4Address(edge.host()) && !NetUtil.isValidIpV6Address(edge.host());
        if (named) {
            options.setSniServerName(edge.host());
        }
    }

    /** Read on a thread that may block, and then kept by Vert.x for whoever asks with an equal one. */
    private record Checked(EdgeTrust trust) implements TrustOptions {
        @Override
        public TrustOptions copy() {
            return this;
        }

        @Override
        public TrustManagerFactory getTrustManagerFactory(Vertx vertx) throws Exception {
            return TrustOptions.wrap(CertificateCheck.of(trust)).getTrustManagerFactory(vertx);
        }

        @Override
        public Function<String, TrustManager[]> trustManagerMapper(Vertx vertx) throws Exception {
            TrustManager[] check = {CertificateCheck.of(trust)};
            return host -> check;
        }
    }
}
