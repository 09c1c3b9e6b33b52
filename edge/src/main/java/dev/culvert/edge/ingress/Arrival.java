package dev.culvert.edge.ingress;

import dev.culvert.edge.tls.ServedCertificate;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a visitor connection came in. It stays with the channel: settled by what stands before the codecs, asked by them.
 *
 * @param visitor where the visitor is: the peer, or what a trusted proxy says with the PROXY protocol
 * @param reached what the visitor connected to: our own address, or likewise the proxy's
 * @param sinceNanos when it was accepted, by {@link System#nanoTime}
 * @param tlsAtProxy whether the visitor came by TLS to a trusted proxy, which ended it and says so in its PROXY header
 * @param certificate what the visitor was served; null without TLS
 * @param misdirected whether it speaks plain HTTP where TLS is spoken, and is to be told so
 */
record Arrival(
        InetSocketAddress visitor,
        InetSocketAddress reached,
        long sinceNanos,
        boolean tlsAtProxy,
        @Nullable ServedCertificate certificate,
        boolean misdirected) {
    private static final AttributeKey<Arrival> KEY = AttributeKey.valueOf(Arrival.class, "arrival");

    /** The channel's; of one that nobody has settled anything about, a plain one from its peer. */
    static Arrival of(Channel channel) {
        Arrival settled = channel.attr(KEY).get();
        return settled == null
                ? new Arrival(
                        (InetSocketAddress) channel.remoteAddress(),
                        (InetSocketAddress) channel.localAddress(),
                        System.nanoTime(),
                        false,
                        null,
                        false)
                : settled;
    }

    /** Makes it the channel's. */
    void settle(Channel channel) {
        channel.attr(KEY).set(this);
    }

    Arrival by(InetSocketAddress said, InetSocketAddress saidReached, boolean byTls) {
        return new Arrival(said, saidReached, sinceNanos, byTls, certificate, misdirected);
    }

    Arrival served(ServedCertificate shown) {
        return new Arrival(visitor, reached, sinceNanos, tlsAtProxy, shown, misdirected);
    }

    Arrival asMisdirected() {
        return new Arrival(visitor, reached, sinceNanos, tlsAtProxy, certificate, true);
    }

    /** Whether it came by TLS, here or to a proxy. */
    boolean isSecure() {
        return certificate != null || tlsAtProxy;
    }

    /**
     * Whether a request for the host may come by this connection: with TLS, its certificate must be the host's as well.
     *
     * @param host in its normal form; IPv6 in brackets
     */
    boolean mayAskFor(String host) {
        return certificate == null || certificate.covers(host);
    }

    /** What is left of the time that a connection has from its first moment on; never negative. */
    Duration left(Duration most) {
        Duration left = most.minusNanos(System.nanoTime() - sinceNanos);
        return left.isNegative() ? Duration.ZERO : left;
    }
}
