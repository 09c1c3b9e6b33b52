package dev.culvert.edge.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executor;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/** A certificate ready to be served. Safe for use by any thread. */
public final class ServedCertificate {
    /** TLS 1.2's sessions that can be resumed; those of 1.3 are the clients' to keep. About 1 KiB each. */
    private static final int CACHED_SESSIONS = 10_000;

    /** The JDK's own default. */
    private static final int SESSION_SECONDS = 24 * 60 * 60;

    private static final char[] NO_PASSWORD = new char[0];

    private final CertificateNames names;
    private final X509Certificate certificate;
    private final SSLContext context;
    private final Executor handshakes;

    private ServedCertificate(
            CertificateNames names, X509Certificate certificate, SSLContext context, Executor handshakes) {
        this.names = names;
        this.certificate = certificate;
        this.context = context;
        this.handshakes = handshakes;
    }

    /**
     * Makes it ready.
     *
     * @param handshakes where they are computed
     */
    static ServedCertificate of(KeyAndChain pair, Executor handshakes) throws BrokenCertificateException {
        CertificateNames names = CertificateNames.of(pair.certificate());
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            store.setKeyEntry("edge", pair.key(), NO_PASSWORD, pair.chain().toArray(X509Certificate[]::new));
            KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
            keys.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            context.getServerSessionContext().setSessionCacheSize(CACHED_SESSIONS);
            context.getServerSessionContext().setSessionTimeout(SESSION_SECONDS);
            return new ServedCertificate(names, pair.certificate(), context, handshakes);
        } catch (GeneralSecurityException | IOException e) {
            throw new BrokenCertificateException("Java cannot use the certificate: " + e.getMessage());
        }
    }

    /**
     * Whether a client that was served this may ask for the host on the same connection.
     *
     * @param host in its normal form; IPv6 in brackets
     */
    public boolean covers(String host) {
        return names.cover(host);
    }

    /** Whether it is for any tunnel's host under the domain. */
    boolean coversAllUnder(String domain) {
        return names.under().contains(domain);
    }

    boolean coversExactly(String host) {
        return names.coverExactly(host);
    }

    /**
     * Serves it on one connection, by {@link TlsProfile}: puts what does so behind a handler whose channel's event loop this
     * runs on. The handshake ends with Netty's {@code SslHandshakeCompletionEvent}, whose cause is a
     * {@code RejectedExecutionException} where too many others wait to be computed.
     *
     * @param applicationProtocols for ALPN, what we like best first; a client that offers none of them gets none
     * @param most how long the handshake may take
     */
    public void serveBehind(ChannelHandlerContext before, List<String> applicationProtocols, Duration most) {
        SSLEngine engine = engine(applicationProtocols);
        HandshakeWork work = new HandshakeWork(handshakes);
        SslHandler handler = new SslHandler(engine, work);
        handler.setHandshakeTimeoutMillis(most.toMillis());
        // The future comes before the event, and so before those who take the connection further.
        handler.handshakeFuture().addListener(ended -> work.over());
        before.pipeline().addAfter(before.name(), null, handler);
        before.pipeline().addAfter(before.name(), null, work);
    }

    /** The server's end of one connection. */
    SSLEngine engine(List<String> applicationProtocols) {
        SSLEngine engine = context.createSSLEngine();
        TlsProfile.applyTo(engine, applicationProtocols);
        return engine;
    }

    /** When it ends. */
    public Instant until() {
        return certificate.getNotAfter().toInstant();
    }

    @Override
    public String toString() {
        return names.toString();
    }
}
