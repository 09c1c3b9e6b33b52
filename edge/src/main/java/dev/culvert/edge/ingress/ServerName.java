package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.tls.ServedCertificate;
import dev.culvert.names.HostName;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.PromiseNotifier;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the whole ClientHello, in however many packets and records it comes, and finds out by the host that it names
 * (SNI) where TLS ends: at the target of a passthrough tunnel, or here.
 *
 * <p>A client that encrypts its ClientHello (ECH) names the host of whoever published the key for that, and is routed by
 * that name: a target that has the key reads the rest, since the ClientHello reaches it untouched; the edge has none, and
 * answers as RFC 9849 has it for servers that do not know of ECH.
 */
final class ServerName extends AbstractSniHandler<ServerName.Way> {
    /** The JDK's limit for a handshake message; a browser's ClientHello has 2 KiB. */
    static final int MAX_HELLO_BYTES = 32 * 1024;

    /** Between two looks for a certificate that is being ordered. */
    private static final Duration AWAITED_EVERY = Duration.ofMillis(250);

    /** What of a connection's time is left for the handshake and the request after such a wait. */
    private static final Duration AFTER_THE_WAIT = Duration.ofSeconds(2);

    private final Ingress ingress;
    private final Threshold threshold;
    private final VisitorProtocols protocols;
    private final TlsPort port;

    ServerName(Ingress ingress, Threshold threshold, VisitorProtocols protocols, TlsPort port) {
        super(MAX_HELLO_BYTES, 0); // The threshold has the deadline.
        this.ingress = ingress;
        this.threshold = threshold;
        this.protocols = protocols;
        this.port = port;
    }

    /** Where TLS ends. */
    sealed interface Way {}

    /** Here, with this certificate. */
    record Ends(ServedCertificate certificate, boolean atOwnHost) implements Way {}

    /** At the target. */
    record Passes(Tunnel tunnel) implements Way {}

    /** Nowhere. */
    record Refused(DoorRefusal reason, TlsAlert alert) implements Way {}

    private static final Refused NO_NAME = new Refused(DoorRefusal.NO_SERVER_NAME, TlsAlert.UNRECOGNIZED_NAME);
    private static final Refused NOT_SERVED = new Refused(DoorRefusal.NAME_NOT_SERVED, TlsAlert.UNRECOGNIZED_NAME);

    @Override
    protected Future<Way> lookup(ChannelHandlerContext context, @Nullable String serverName) {
        // An address is no name for SNI (RFC 6066, section 3), but some clients send the one that they connect to.
        if (serverName == null || NetUtil.isValidIpV4Address(serverName) || NetUtil.isValidIpV6Address(serverName)) {
            return now(context, port.certificates() == null ? NO_NAME : endsAt(null));
        }
        Optional<String> host = HostName.normalise(serverName);
        if (host.isEmpty()) {
            return now(context, NOT_SERVED);
        }
        Routes.Route route = ingress.routes().to(new Authority(host.get(), -1));
        if (!(route instanceof Routes.Unsure unsure)) {
            return settled(context, host.get(), ingress.registry().find(TunnelKey.ofHost(host.get())));
        }
        Promise<Way> asked = context.executor().newPromise();
        ingress.registry().confirm(unsure.key()).onComplete(confirmed -> context.executor()
                .execute(() -> {
                    Optional<Tunnel> found = confirmed.succeeded() ? confirmed.result() : Optional.empty();
                    settled(context, host.get(), found.orElse(null)).addListener(new PromiseNotifier<>(asked));
                }));
        return asked;
    }

    /** Who comes by the link that the agent has just shown comes before the certificate, and is not sent away for it. */
    private Future<Way> settled(ChannelHandlerContext context, String host, @Nullable Tunnel tunnel) {
        Way way = way(host, tunnel);
        if (way != NOT_SERVED || !isAwaited(host, tunnel)) {
            return now(context, way);
        }
        Promise<Way> awaited = context.executor().newPromise();
        lookAgain(context, host, tunnel, awaited);
        return awaited;
    }

    private boolean isAwaited(String host, @Nullable Tunnel tunnel) {
        return port.certificates() != null
                && port.certificates().isAwaited(host)
                && (ingress.routes().isOwn(host) || (tunnel != null && tunnel.isHttp()));
    }

    private void lookAgain(ChannelHandlerContext context, String host, @Nullable Tunnel tunnel, Promise<Way> awaited) {
        Way way = way(host, tunnel);
        Duration left =
                Arrival.of(context.channel()).left(ingress.options().deadlines().head());
        if (way != NOT_SERVED
                || left.compareTo(AFTER_THE_WAIT) < 0
                || !context.channel().isActive()) {
            awaited.setSuccess(way);
        } else {
            context.executor()
                    .schedule(
                            () -> lookAgain(context, host, tunnel, awaited),
                            AWAITED_EVERY.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    private static Future<Way> now(ChannelHandlerContext context, Way way) {
        return context.executor().newSucceededFuture(way);
    }

    private Way way(String host, @Nullable Tunnel tunnel) {
        if (tunnel != null && tunnel.kind().equals("tls") && !ingress.routes().isOwn(host)) {
            return new Passes(tunnel);
        }
        return endsAt(host);
    }

    private Way endsAt(@Nullable String host) {
        ServedCertificate certificate =
                port.certificates() == null ? null : port.certificates().forHost(host);
        return certificate == null
                ? NOT_SERVED
                : new Ends(certificate, host == null || ingress.routes().isOwn(host));
    }

    @Override
    protected void onLookupComplete(ChannelHandlerContext context, @Nullable String serverName, Future<Way> future) {
        Channel channel = context.channel();
        if (!channel.isActive()) {
            return;
        }
        Way way = future.getNow();
        if (way instanceof Ends ends) {
            endHere(context, ends);
        } else if (way instanceof Passes passes) {
            passOn(context, passes.tunnel());
        } else if (way instanceof Refused refused) {
            refuse(context, refused, serverName);
        }
    }

    /** The ClientHello goes first, as it came. */
    private void passOn(ChannelHandlerContext context, Tunnel tunnel) {
        Channel channel = context.channel();
        Arrival arrival = Arrival.of(channel);
        channel.pipeline().remove(threshold);
        RawRequest request = new RawRequest(tunnel.key(), StreamRequest.Kind.TLS, arrival.visitor(), arrival.reached());
        RawVisit.begin(ingress, channel, request, Unpooled.EMPTY_BUFFER);
        context.pipeline().remove(this);
    }

    private void endHere(ChannelHandlerContext context, Ends ends) {
        ChannelPipeline pipeline = context.pipeline();
        pipeline.addAfter(context.name(), null, new Handshake(threshold, protocols, ends.certificate()));
        pipeline.addAfter(context.name(), null, TlsEnd.INSTANCE);
        ends.certificate()
                .serveBehind(
                        context,
                        protocols.offered(ends.atOwnHost()),
                        Arrival.of(context.channel())
                                .left(ingress.options().deadlines().head()));
        pipeline.remove(this);
    }

    private void refuse(ChannelHandlerContext context, Refused refused, @Nullable String serverName) {
        threshold.tell(refused.reason(), serverName);
        context.pipeline().remove(this); // What comes from here on is dropped at the threshold.
        context.channel().write(Unpooled.wrappedBuffer(refused.alert().record()));
        LingeringClose.of(context.channel(), ingress.options().deadlines());
    }
}
