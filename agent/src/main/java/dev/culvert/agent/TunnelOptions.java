package dev.culvert.agent;

import dev.culvert.admission.Admission;
import dev.culvert.agent.target.ProxyProtocol;
import dev.culvert.agent.target.Target;
import dev.culvert.config.Durations;
import dev.culvert.config.Rate;
import dev.culvert.wire.StreamRequest;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel is to be.
 *
 * @param kind what visitors and the target speak
 * @param target where their requests or bytes go
 * @param name the name asked for: a label under the edge's domain, or a whole host name where the edge allows it; null
 *     for the one that the target had before, or else one that the edge makes up. Not for {@link Kind#TCP}
 * @param remotePort for {@link Kind#TCP}, the public port asked for; 0 for the one that the target had before, or else
 *     one that is free
 * @param pool whether other agents of the same owner may serve the name too; all of them must say so
 * @param hostHeader what the target finds in Host: {@code preserve} for the public host, {@code rewrite} for the
 *     target's own, which a Unix socket has as localhost (with Origin, and Location back), or a value. For HTTP only
 * @param insecureTarget whether an {@code https} target's certificate is taken unseen, for self-signed ones. For HTTP
 *     only
 * @param proxyProtocol whether the target is told the visitor's address in front of the visitor's bytes. Not for HTTP,
 *     whose targets find it in {@code X-Forwarded-For}
 * @param responseTimeout how long the target may take to begin its answer, a second to a day; zero for as long as it takes. For
 *     HTTP only
 * @param rate how many requests it takes at each node of the edge, or connections where it is not for HTTP, of all visitors
 *     together, and as many at once after a pause; null for as many as come
 * @param admission whom the edge lets in; passwords and people are for HTTP only
 */
public record TunnelOptions(
        Kind kind,
        Target target,
        @Nullable String name,
        int remotePort,
        boolean pool,
        String hostHeader,
        boolean insecureTarget,
        ProxyProtocol proxyProtocol,
        Duration responseTimeout,
        @Nullable Rate rate,
        Admission admission) {

    private static final String PRESERVE = "preserve";
    private static final Duration SHORTEST_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(1);

    /** What visitors and the target speak. */
    public enum Kind {
        /** HTTP, by HTTP/1.1 to the target, and what it is upgraded to. */
        HTTP("http", StreamRequest.Kind.HTTP),
        /** HTTP, by HTTP/2 to the target, as gRPC needs it. */
        HTTP2("http2", StreamRequest.Kind.HTTP2),
        /** Any bytes, at a port of the edge. */
        TCP("tcp", StreamRequest.Kind.TCP),
        /** TLS that ends at the target, which has the certificate. */
        TLS("tls", StreamRequest.Kind.TLS);

        private final String word;
        private final StreamRequest.Kind streams;

        Kind(String word, StreamRequest.Kind streams) {
            this.word = word;
            this.streams = streams;
        }

        /** As the command line, files and edges have it. */
        public String word() {
            return word;
        }

        /** What its streams carry. */
        StreamRequest.Kind streams() {
            return streams;
        }

        /** Whether visitors speak HTTP to the edge, which sees to each request. */
        public boolean isHttp() {
            return this == HTTP || this == HTTP2;
        }

        /** Reads its word; the exception's message is for the person who wrote it. */
        public static Kind parse(String text) {
            for (Kind kind : values()) {
                if (kind.word.equals(text)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("must be http, http2, tcp or tls, was " + text);
        }
    }

    public TunnelOptions {
        if (hostHeader.isBlank() || hostHeader.chars().anyMatch(character -> character <= ' ' || character > '~')) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a host header: say preserve, rewrite, or the host".formatted(hostHeader));
        }
        if (name != null && name.isBlank()) {
            throw new IllegalArgumentException("a name must not be empty: leave it out for one that is made up");
        }
        if (remotePort < 0 || remotePort > 65535) {
            throw new IllegalArgumentException("must be a port, 1 to 65535, or 0 for any, was " + remotePort);
        }
        if (kind == Kind.TCP ? name != null : remotePort != 0) {
            throw new IllegalArgumentException("tcp tunnels have a port, all others a name");
        }
        if (kind.isHttp() && proxyProtocol != ProxyProtocol.OFF) {
            throw new IllegalArgumentException("the PROXY protocol is for tcp and tls tunnels");
        }
        if (!kind.isHttp() && admission.asksWho()) {
            throw new IllegalArgumentException(
                    "only visitors of http tunnels can be asked for a password or a sign-in");
        }
        if (!responseTimeout.isZero()
                && (responseTimeout.compareTo(SHORTEST_TIMEOUT) < 0
                        || responseTimeout.compareTo(LONGEST_TIMEOUT) > 0)) {
            throw new IllegalArgumentException(
                    "must be 1s to 24h, or 0 for as long as it takes, was " + Durations.format(responseTimeout));
        }
        if (!kind.isHttp() && !responseTimeout.isZero()) {
            throw new IllegalArgumentException("only http tunnels have answers that can be waited for");
        }
        if (kind != Kind.HTTP && target.folder() != null) {
            throw new IllegalArgumentException("a folder can be the target of http tunnels only");
        }
        if (!kind.isHttp() && target.tls()) {
            throw new IllegalArgumentException(
                    "a %s tunnel carries bytes as they are: write its target as host:port".formatted(kind.word()));
        }
    }

    /** HTTP to a port of this machine, {@code host:port}, a URL, {@code unix:/path}, or the files of a folder. */
    public static TunnelOptions http(String target) {
        return of(Kind.HTTP, Target.parse(target));
    }

    /** HTTP to a port of this machine. */
    public static TunnelOptions http(int port) {
        return http(Integer.toString(port));
    }

    /** HTTP/2 to a port of this machine, {@code host:port}, a URL, or {@code unix:/path}. */
    public static TunnelOptions http2(String target) {
        return of(Kind.HTTP2, Target.parse(target));
    }

    /** HTTP/2 to a port of this machine. */
    public static TunnelOptions http2(int port) {
        return http2(Integer.toString(port));
    }

    /** Any bytes to a port of this machine, {@code host:port}, {@code tcp://host:port} or {@code unix:/path}. */
    public static TunnelOptions tcp(String target) {
        return of(Kind.TCP, Target.parseRaw(target));
    }

    /** Any bytes to a port of this machine. */
    public static TunnelOptions tcp(int port) {
        return tcp(Integer.toString(port));
    }

    /** TLS that ends at a port of this machine, {@code host:port}, {@code https://host} or {@code unix:/path}. */
    public static TunnelOptions tls(String target) {
        return of(Kind.TLS, Target.parseRaw(target));
    }

    /** TLS that ends at a port of this machine. */
    public static TunnelOptions tls(int port) {
        return tls(Integer.toString(port));
    }

    private static TunnelOptions of(Kind kind, Target target) {
        return new TunnelOptions(
                kind,
                target,
                null,
                0,
                false,
                PRESERVE,
                false,
                ProxyProtocol.OFF,
                Duration.ZERO,
                null,
                Admission.EVERYBODY);
    }

    public TunnelOptions withName(@Nullable String newName) {
        return with(copy -> copy.name = newName);
    }

    public TunnelOptions withRemotePort(int newPort) {
        return with(copy -> copy.remotePort = newPort);
    }

    public TunnelOptions withPool(boolean newPool) {
        return with(copy -> copy.pool = newPool);
    }

    public TunnelOptions withHostHeader(String newHostHeader) {
        return with(copy -> copy.hostHeader = newHostHeader);
    }

    public TunnelOptions withInsecureTarget(boolean newInsecureTarget) {
        return with(copy -> copy.insecureTarget = newInsecureTarget);
    }

    public TunnelOptions withProxyProtocol(ProxyProtocol newProxyProtocol) {
        return with(copy -> copy.proxyProtocol = newProxyProtocol);
    }

    public TunnelOptions withResponseTimeout(Duration newResponseTimeout) {
        return with(copy -> copy.responseTimeout = newResponseTimeout);
    }

    public TunnelOptions withRate(@Nullable Rate newRate) {
        return with(copy -> copy.rate = newRate);
    }

    public TunnelOptions withAdmission(Admission newAdmission) {
        return with(copy -> copy.admission = newAdmission);
    }

    /** The name or the port that is asked for, as edges and {@link Tunnel#name} write it; null for any. */
    @Nullable
    String wanted() {
        return kind != Kind.TCP ? name : remotePort == 0 ? null : Integer.toString(remotePort);
    }

    /** What the target is called: a URL where it speaks HTTP, else {@code host:port} or {@code unix:/path}. */
    public String targetName() {
        return kind.isHttp() ? target.url() : target.name();
    }

    private TunnelOptions with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return copy.done();
    }

    /** All fields, to be changed one by one where nobody sees it. */
    private static final class Copy {
        private final Kind kind;
        private final Target target;
        private @Nullable String name;
        private int remotePort;
        private boolean pool;
        private String hostHeader;
        private boolean insecureTarget;
        private ProxyProtocol proxyProtocol;
        private Duration responseTimeout;
        private @Nullable Rate rate;
        private Admission admission;

        Copy(TunnelOptions from) {
            kind = from.kind;
            target = from.target;
            name = from.name;
            remotePort = from.remotePort;
            pool = from.pool;
            hostHeader = from.hostHeader;
            insecureTarget = from.insecureTarget;
            proxyProtocol = from.proxyProtocol;
            responseTimeout = from.responseTimeout;
            rate = from.rate;
            admission = from.admission;
        }

        TunnelOptions done() {
            return new TunnelOptions(
                    kind,
                    target,
                    name,
                    remotePort,
                    pool,
                    hostHeader,
                    insecureTarget,
                    proxyProtocol,
                    responseTimeout,
                    rate,
                    admission);
        }
    }
}
