package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.names.HostName;
import dev.culvert.names.NameGenerator;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import io.vertx.core.Future;
import java.util.function.UnaryOperator;

/** Turns what an agent asks for into a name in the registry. Safe for use by any thread. */
public final class Binder {
    /** Made-up names have 40 random bits: a second one that is taken means that something else is wrong. */
    private static final int MOST_MADE_UP = 3;

    /** Longest Host value and target name that are kept, in characters: both go to every node. */
    private static final int MOST_POLICY_CHARS = 255;

    private final Registry registry;
    private final String domain;
    private final UnaryOperator<String> url;
    private final NameGenerator names = new NameGenerator();

    /**
     * @param domain under which labels become names
     * @param url from a tunnel's host to the URL that visitors use
     */
    public Binder(Registry registry, String domain, UnaryOperator<String> url) {
        this.registry = registry;
        this.domain = domain;
        this.url = url;
    }

    /** Binds; fails with {@link NameRefusedException}. */
    Future<Registry.Grant> bind(Bind asked, Identity identity, Claim claim) {
        if (!asked.kind().equals("http")) {
            return refused(Bound.Code.NOT_OFFERED, "this edge does not offer %s tunnels".formatted(asked.kind()));
        }
        if (!isPlain(asked.hostHeader()) || !isPlain(asked.target())) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "a Host value and a target are at most %d visible ASCII characters".formatted(MOST_POLICY_CHARS));
        }
        if (asked.name() == null) {
            return bindMadeUp(asked, identity, claim, MOST_MADE_UP);
        }
        return bindHost(asked.name(), asked, identity, claim);
    }

    /** What an agent asks for to get this tunnel again: the label, or the whole host outside the edge's domain. */
    String nameOf(TunnelKey key) {
        String host = hostOf(key);
        return HostName.labelUnder(host, domain).orElse(host);
    }

    /** Where visitors find the tunnel. */
    public String urlOf(TunnelKey key) {
        return url.apply(hostOf(key));
    }

    private Future<Registry.Grant> bindMadeUp(Bind asked, Identity identity, Claim claim, int triesLeft) {
        return bindHost(names.next(), asked, identity, claim).recover(cause -> {
            boolean taken = cause instanceof NameRefusedException refused && refused.code() == Bound.Code.NAME_TAKEN;
            return taken && triesLeft > 1
                    ? bindMadeUp(asked, identity, claim, triesLeft - 1)
                    : Future.failedFuture(cause);
        });
    }

    private Future<Registry.Grant> bindHost(String name, Bind asked, Identity identity, Claim claim) {
        String host;
        if (HostName.isLabel(name)) {
            host = name + "." + domain;
        } else if (HostName.isHost(name) && name.contains(".")) {
            host = name;
        } else {
            return refused(
                    Bound.Code.NAME_INVALID,
                    "%s is not a name; use 1 to 63 of a-z, 0-9 and '-', not at the ends".formatted(quoted(name)));
        }
        if (host.equals(domain)
                || (host.endsWith("." + domain)
                        && HostName.labelUnder(host, domain).isEmpty())) {
            return refused(
                    Bound.Code.NAME_INVALID,
                    "%s is not one label under %s; visitors could not reach it".formatted(quoted(name), domain));
        }
        if (!identity.names().allows(host, domain)) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "your token does not allow the name %s; ask whoever runs the edge".formatted(quoted(name)));
        }
        Tunnel.Policy policy = new Tunnel.Policy(asked.hostHeader(), asked.target(), asked.pool());
        return registry.bind(new Registry.Request(
                TunnelKey.ofHost(host), identity.owner(), asked.kind(), policy, claim, asked.ticket()));
    }

    /** What may stand in a header as it is. */
    private static boolean isPlain(String text) {
        return text.length() <= MOST_POLICY_CHARS && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    private static String hostOf(TunnelKey key) {
        return key.value().substring("host:".length());
    }

    private static String quoted(String name) {
        return "'" + (name.length() > 80 ? name.substring(0, 80) + "…" : name) + "'";
    }

    private static Future<Registry.Grant> refused(Bound.Code code, String message) {
        return Future.failedFuture(new NameRefusedException(code, message));
    }
}
