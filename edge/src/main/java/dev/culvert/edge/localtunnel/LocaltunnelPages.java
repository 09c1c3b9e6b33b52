package dev.culvert.edge.localtunnel;

import dev.culvert.edge.ingress.OwnPages;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.names.HostName;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What localtunnel's server answers at its own host:
 *
 * <pre>
 *   GET /?new                     a tunnel with a made-up name
 *   GET /{name}                   a tunnel with this name, or with another where it is in use
 *   GET /api/status               how many tunnels there are
 *   GET /api/tunnels/{name}/status   how many sockets the client has open, on this node
 * </pre>
 *
 * A browser that comes along gets the edge's own pages: a link must not take a name.
 */
public final class LocaltunnelPages implements OwnPages {
    /** The reference server's own. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{4,63}[a-z0-9]|[a-z0-9]{4,63}");

    /** The parameter {@code new}, with a value or without. */
    private static final Pattern NEW = Pattern.compile("(?:^|&)new(?:[=&]|$)");

    private static final Pattern TUNNEL_STATUS = Pattern.compile("/api/tunnels/([^/]+)/status");

    /** Pages make browsers ask for all kinds of things, and say so in one of these. */
    private static final List<String> OF_BROWSERS = List.of("sec-fetch-mode", "origin", "referer");

    private static final JsonObject NOT_A_NAME = new JsonObject()
            .put(
                    "message",
                    "Invalid subdomain. Subdomains must be lowercase and between 4 and 63 alphanumeric characters.");

    private static final Logger LOGGER = LoggerFactory.getLogger(LocaltunnelPages.class);

    private final SocketPools pools;
    private final UnaryOperator<String> urls;
    private final String domain;
    private final @Nullable String address;

    /**
     * The pages.
     *
     * @param domain under which the names are
     * @param urls where visitors find a host
     * @param address where clients reach this node's ports; null where that is the host that they have asked
     */
    public LocaltunnelPages(SocketPools pools, String domain, UnaryOperator<String> urls, @Nullable String address) {
        this.pools = pools;
        this.domain = domain;
        this.urls = urls;
        this.address = address;
    }

    @Override
    public @Nullable Future<Answer> answer(Question question) {
        if (!question.method().equals(HttpMethod.GET)) {
            return null;
        }
        int end = question.target().indexOf('?');
        String path = end < 0 ? question.target() : question.target().substring(0, end);
        String query = end < 0 ? "" : question.target().substring(end + 1);
        Matcher tunnelStatus = TUNNEL_STATUS.matcher(path);
        if (path.equals("/api/status")) {
            return answered(HttpResponseStatus.OK, status());
        } else if (tunnelStatus.matches()) {
            return tunnelStatus(tunnelStatus.group(1));
        } else if (isBrowser(question)) {
            return null;
        } else if (path.equals("/")) {
            return NEW.matcher(query).find() ? register(null, question.visitor()) : null;
        } else if (path.indexOf('/', 1) < 0 && path.indexOf('.') < 0) {
            String name = path.substring(1);
            return NAME.matcher(name).matches() && HostName.isLabel(name)
                    ? register(name, question.visitor())
                    : answered(HttpResponseStatus.FORBIDDEN, NOT_A_NAME);
        }
        return null;
    }

    private static boolean isBrowser(Question question) {
        String accept = question.headers().get(HttpHeaderNames.ACCEPT, "").toLowerCase(Locale.ROOT);
        return accept.contains("text/html")
                || accept.contains("image/")
                || OF_BROWSERS.stream().anyMatch(question.headers()::contains);
    }

    private JsonObject status() {
        Runtime jvm = Runtime.getRuntime();
        JsonObject memory = new JsonObject()
                .put("heapTotal", jvm.totalMemory())
                .put("heapUsed", jvm.totalMemory() - jvm.freeMemory());
        return new JsonObject().put("tunnels", pools.inCluster()).put("mem", memory);
    }

    private Future<Answer> tunnelStatus(String name) {
        SocketPool pool = HostName.isLabel(name) ? pools.of(name) : null;
        return pool == null
                ? answered(
                        HttpResponseStatus.NOT_FOUND,
                        new JsonObject().put("message", "No tunnel of that name on this node."))
                : answered(HttpResponseStatus.OK, new JsonObject().put("connected_sockets", pool.connected()));
    }

    private Future<Answer> register(@Nullable String wanted, InetAddress client) {
        return pools.register(wanted, client).map(this::registered).recover(LocaltunnelPages::refused);
    }

    private Answer registered(SocketPools.Registered registered) {
        JsonObject body = new JsonObject()
                .put("id", registered.name())
                .put("port", registered.port())
                .put("max_conn_count", SocketPool.SOCKETS_WANTED)
                .put("url", urls.apply(registered.name() + "." + domain));
        if (address != null) {
            body.put("ip", address);
        }
        return new Answer(HttpResponseStatus.OK, body);
    }

    private static Future<Answer> refused(Throwable fault) {
        boolean expected = fault instanceof NameRefusedException
                || fault instanceof SocketPools.FullException
                || fault instanceof DataPort.NoneFreeException;
        if (!expected) {
            LOGGER.atError().setCause(fault).log("localtunnel client could not register");
        }
        return answered(
                HttpResponseStatus.SERVICE_UNAVAILABLE,
                new JsonObject().put("message", String.valueOf(fault.getMessage())));
    }

    private static Future<Answer> answered(HttpResponseStatus status, JsonObject body) {
        return Future.succeededFuture(new Answer(status, body));
    }
}
