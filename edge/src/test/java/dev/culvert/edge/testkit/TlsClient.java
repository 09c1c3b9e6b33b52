package dev.culvert.edge.testkit;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A client of TLS that trusts a test's authority. It checks the chain, and leaves names to the test. */
public final class TlsClient {
    private final TrustManagerFactory trust;

    public TlsClient(TestAuthority authority) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        trusted.setCertificateEntry("authority", authority.certificate());
        trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
    }

    /** A new one each time: the JDK's client asks again for the name of the session that it has, not for the new one. */
    private SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Connects and shakes hands.
     *
     * @param host for SNI; null for none
     */
    public SSLSocket connect(int port, String host, String... protocols) throws IOException {
        return over(new Socket("127.0.0.1", port), host, protocols);
    }

    /** Shakes hands on a connection that stands. */
    public SSLSocket over(Socket plain, String host, String... protocols) throws IOException {
        return over(plain, host, List.of(), protocols);
    }

    /** Connects and shakes hands, with these protocols of the application in ALPN. */
    public SSLSocket connectTo(int port, String host, List<String> alpn) throws IOException {
        return over(new Socket("127.0.0.1", port), host, alpn);
    }

    private SSLSocket over(Socket plain, String host, List<String> alpn, String... protocols) throws IOException {
        plain.setSoTimeout(10_000);
        SSLSocket socket = (SSLSocket) context().getSocketFactory().createSocket(plain, null, plain.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        name(parameters, host);
        parameters.setApplicationProtocols(alpn.toArray(String[]::new));
        if (protocols.length > 0) {
            parameters.setProtocols(protocols);
        }
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /** The same with an offer by ALPN; what was agreed is the socket's application protocol. */
    public SSLSocket offering(int port, String host, String... alpn) throws IOException {
        Socket plain = new Socket("127.0.0.1", port);
        plain.setSoTimeout(10_000);
        SSLSocket socket = (SSLSocket) context().getSocketFactory().createSocket(plain, null, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        name(parameters, host);
        parameters.setApplicationProtocols(alpn);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /** A ClientHello in one record, or as many as it takes, as the JDK writes it. */
    public byte[] hello(String host, String... alpn) throws Exception {
        SSLEngine engine = context().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        name(parameters, host);
        parameters.setApplicationProtocols(alpn);
        engine.setSSLParameters(parameters);
        ByteBuffer out = ByteBuffer.allocate(128 * 1024);
        do {
            engine.wrap(ByteBuffer.allocate(0), out);
        } while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP);
        byte[] bytes = new byte[out.flip().remaining()];
        out.get(bytes);
        return bytes;
    }

    private static void name(SSLParameters parameters, String host) {
        List<SNIServerName> names = host == null ? List.of() : List.of(new SNIHostName(host));
        parameters.setServerNames(names);
    }
}
