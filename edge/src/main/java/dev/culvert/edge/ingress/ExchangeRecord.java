package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.wire.Exchange;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What an exchange came to, for the counters and for the agent's eyes. */
final class ExchangeRecord {
    private final Traffic all;
    private final AccessLog log;
    private final Traffic.OfTunnel traffic;
    private final Tunnel tunnel;
    private final RequestHead head;
    private final VisitorConnection visitor;
    private final @Nullable String user;
    private final long startedAtMillis = System.currentTimeMillis();
    private final long startedNanos = System.nanoTime();
    private long firstByteNanos;
    private int status;
    private long requestBytes;
    private long responseBytes;
    /** Of the edge's own answer: no tunnel has carried them. */
    private long pageBytes;

    private @Nullable String error;
    private boolean ended;

    /**
     * Of an exchange that begins now.
     *
     * @param user who the visitor has shown to be; null where it has not
     */
    ExchangeRecord(Ingress ingress, Tunnel tunnel, RequestHead head, VisitorConnection visitor, @Nullable String user) {
        this.all = ingress.traffic();
        this.log = ingress.log();
        this.traffic = all.counting(tunnel.key());
        this.tunnel = tunnel;
        this.head = head;
        this.visitor = visitor;
        this.user = user;
        this.traffic.begun();
    }

    /** The target answers, or the edge in its stead. */
    void answered(int status) {
        this.status = status;
        firstByteNanos = System.nanoTime();
    }

    /** The edge answers itself, with this page, which stays the caller's. */
    void answered(Reply reply, FullHttpResponse page) {
        answered(reply.status().code());
        error = reply.code();
        pageBytes = bodyBytes(page, head.method().name());
    }

    void requestBytes(long more) {
        requestBytes += more;
        traffic.bytes(more, 0);
    }

    void responseBytes(long more) {
        responseBytes += more;
        traffic.bytes(0, more);
    }

    /** Counts the exchange and tells the far end about it. Once. */
    void end(@Nullable TargetConnection target) {
        if (ended) {
            return;
        }
        ended = true;
        traffic.ended();
        all.answered(status);
        if (target != null) {
            report(target);
        }
        if (log != AccessLog.NONE) {
            log.add(visit());
        }
    }

    private AccessLog.Visit visit() {
        return new AccessLog.Visit(
                startedAtMillis,
                "http",
                NetUtil.toAddressString(visitor.client(head.headers())),
                head.authority().host(),
                tunnel.owner(),
                user,
                requestOf(head),
                status,
                error,
                requestBytes,
                responseBytes + pageBytes,
                (System.nanoTime() - startedNanos) / 1000);
    }

    /**
     * Counts, and writes down, a request that the edge answers without having asked a target.
     *
     * @param asked the tunnel that the visitor does not get to; null where there is none
     * @param page what it is answered; stays the caller's
     */
    static void refused(
            Ingress ingress,
            RequestHead head,
            VisitorConnection visitor,
            @Nullable Tunnel asked,
            Reply reply,
            FullHttpResponse page) {
        ingress.traffic().answered(reply.status().code());
        if (ingress.writesDown()) {
            InetAddress client = visitor.client(head.headers());
            String owner = asked == null ? null : asked.owner();
            ingress.log().add(refusal(client, head.authority().host(), owner, requestOf(head), reply, page));
        }
    }

    /**
     * The same of a request whose head is refused.
     *
     * @param read asked for only where it is written down
     */
    static void refused(
            Ingress ingress,
            Supplier<RefusedHead> read,
            VisitorConnection visitor,
            Reply reply,
            FullHttpResponse page) {
        ingress.traffic().answered(reply.status().code());
        if (ingress.writesDown()) {
            RefusedHead head = read.get();
            InetAddress client = visitor.client(head.forwardedFor());
            ingress.log().add(refusal(client, head.host(), null, head.request(), reply, page));
        }
    }

    private static AccessLog.Visit refusal(
            InetAddress client,
            @Nullable String host,
            @Nullable String owner,
            AccessLog.Request request,
            Reply reply,
            FullHttpResponse page) {
        return new AccessLog.Visit(
                System.currentTimeMillis(),
                "http",
                NetUtil.toAddressString(client),
                host,
                owner,
                null,
                request,
                reply.status().code(),
                reply.code(),
                0,
                bodyBytes(page, request.method()),
                0);
    }

    /** How much of the page's body goes out. */
    private static long bodyBytes(FullHttpResponse page, @Nullable String method) {
        return HttpMethod.HEAD.name().equals(method) ? 0 : page.content().readableBytes();
    }

    private static AccessLog.Request requestOf(RequestHead head) {
        return new AccessLog.Request(
                head.method().name(), head.target(), head.headers().get(HttpHeaderNames.USER_AGENT));
    }

    /** Tells the far end what it came to so far. */
    void report(TargetConnection target) {
        long now = System.nanoTime();
        target.report(new Exchange(
                tunnel.key().value(),
                visitor.peer(),
                head.method().name(),
                head.target(),
                status,
                requestBytes,
                responseBytes,
                startedAtMillis,
                firstByteNanos == 0 ? 0 : (firstByteNanos - startedNanos) / 1000,
                (now - startedNanos) / 1000));
    }
}
