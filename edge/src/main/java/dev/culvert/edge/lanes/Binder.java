package dev.culvert.edge.lanes;

import dev.culvert.admission.Admission;
import dev.culvert.config.ConfigException;
import dev.culvert.config.PortRange;
import dev.culvert.config.Rate;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.registry.UnreadPolicy;
import dev.culvert.names.HostName;
import dev.culvert.names.NameGenerator;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import io.vertx.core.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what an agent asks for into a name in the registry. Safe for use by any thread. */
public final class Binder {
    private static final Logger LOGGER = LoggerFactory.getLogger(Binder.class);

    /** Made-up names have 40 random bits: a second one that is taken means that something else is wrong. */
    private static final int MOST_MADE_UP = 3;

    /** Longest Host value and target name that are kept, in characters: both go to every node. */
    private static final int MOST_POLICY_CHARS = 255;

    private final Registry registry;
    private final String domain;
    private final Offer offer;
    private final Supplier<ReservedNames> reserved;
    private final NameGenerator names = new NameGenerator();
    private final Quiet quiet = new Quiet();

    /**
     * A binder.
     *
     * @param reserved which names are kept for certain owners, as of now
     */
    public Binder(Registry registry, Offer offer, Supplier<ReservedNames> reserved) {
        this.registry = registry;
        this.domain = offer.domain();
        this.offer = offer;
        this.reserved = reserved;
    }

    /**
     * Binds.
     *
     * @param granted called with the key, on any thread, once the claim stands and the bind is not over yet
     * @return fails with {@link NameRefusedException}
     */
    public Future<Registry.Grant> bind(Bind asked, Identity identity, Claim claim, Consumer<TunnelKey> granted) {
        boolean offered = Tunnel.isOfHttp(asked.kind())
                || asked.kind().equals("tcp")
                || asked.kind().equals("tls");
        if (!offered) {
            return refused(Bound.Code.NOT_OFFERED, "this edge does not offer %s tunnels".formatted(asked.kind()));
        }
        if (asked.kind().equals("tls") && !offer.tls()) {
            return refused(
                    Bound.Code.NOT_OFFERED,
                    "this edge has no port for TLS that ends at targets; whoever runs it can open one with --tls-port");
        }
        if (!asked.visitors().unknown().isEmpty()) {
            return refused(
                    Bound.Code.NOT_OFFERED,
                    "this edge is of an earlier release than the agent, and cannot restrict visitors by %s as it asks; upgrade the edges first"
                            .formatted(quoted(String.join(", ", asked.visitors().unknown()))));
        }
        if (!isPlain(asked.hostHeader()) || !isPlain(asked.target())) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "a Host value and a target are at most %d visible ASCII characters".formatted(MOST_POLICY_CHARS));
        }
        if (asked.responseTimeoutMillis() > 0 && !Tunnel.isOfHttp(asked.kind())) {
            return refused(Bound.Code.NOT_ALLOWED, "only http tunnels have answers that can be waited for");
        }
        if (asked.kind().equals("tcp")) {
            return bindPort(asked, identity, claim, granted);
        }
        if (asked.name() == null) {
            return bindMadeUp(asked, identity, claim, MOST_MADE_UP, granted);
        }
        return bindHost(asked.name(), asked, identity, claim, granted);
    }

    /**
     * What an agent asks for to get this tunnel again: the label, or the whole host outside the edge's domain; the port.
     */
    public String nameOf(TunnelKey key) {
        return key.isPort()
                ? key.name()
                : HostName.labelUnder(key.name(), domain).orElse(key.name());
    }

    /** Where visitors find the tunnel. */
    public String urlOf(Tunnel tunnel) {
        return urlOf(tunnel.key(), tunnel.kind());
    }

    /** Where visitors find a tunnel of this kind. */
    public String urlOf(TunnelKey key, String kind) {
        return key.isPort()
                ? "tcp://" + domain + ":" + key.name()
                : offer.urls().of(kind, key.name());
    }

    private Future<Registry.Grant> bindPort(Bind asked, Identity identity, Claim claim, Consumer<TunnelKey> granted) {
        PortRange ports = offer.tcpPorts();
        int port = asked.port();
        if (!ports.isOn()) {
            return refused(
                    Bound.Code.NOT_OFFERED,
                    "this edge has no ports for raw TCP; whoever runs it can open some with --tcp-ports");
        }
        if (port == 0) {
            return bindFreePort(asked, identity, claim, MOST_MADE_UP, granted);
        }
        if (!ports.contains(port)) {
            return refused(
                    Bound.Code.NAME_INVALID, "port %d is not one of this edge's, which are %s".formatted(port, ports));
        }
        if (!identity.names().allowsPort(port)) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "your token or key does not allow the port %d; ask whoever runs the edge".formatted(port));
        }
        if (reserved.get().keepPortFrom(identity, port)) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "port %d is reserved for another owner of this edge; ask whoever runs it".formatted(port));
        }
        return bindKey(TunnelKey.ofPort(port), asked, identity, claim, granted);
    }

    private Future<Registry.Grant> bindFreePort(
            Bind asked, Identity identity, Claim claim, int triesLeft, Consumer<TunnelKey> granted) {
        PortRange ports = offer.tcpPorts();
        long now = System.currentTimeMillis();
        ReservedNames kept = reserved.get();
        boolean anyAllowed = false;
        boolean anyKept = false;
        int begin = ThreadLocalRandom.current().nextInt(ports.size());
        for (int i = 0; i < ports.size(); i++) {
            int port = ports.first() + (begin + i) % ports.size();
            if (!identity.names().allowsPort(port)) {
                continue;
            }
            if (kept.keepPortFrom(identity, port)) {
                anyKept = true;
                continue;
            }
            anyAllowed = true;
            Tunnel tunnel = registry.find(TunnelKey.ofPort(port));
            if (tunnel == null || tunnel.isFreeAt(now)) {
                return bindKey(TunnelKey.ofPort(port), asked, identity, claim, granted)
                        .recover(cause -> isTaken(cause) && triesLeft > 1
                                ? bindFreePort(asked, identity, claim, triesLeft - 1, granted)
                                : Future.failedFuture(cause));
            }
        }
        if (anyKept) {
            return refused(
                    anyAllowed ? Bound.Code.NAME_TAKEN : Bound.Code.NOT_ALLOWED,
                    "all ports of this edge, %s, that your token or key allows are in use or reserved for other owners"
                            .formatted(ports));
        }
        return anyAllowed
                ? refused(Bound.Code.NAME_TAKEN, "all ports of this edge, %s, are in use".formatted(ports))
                : refused(
                        Bound.Code.NOT_ALLOWED,
                        "your token or key does not allow any port of this edge, which are %s; ask whoever runs it"
                                .formatted(ports));
    }

    private Future<Registry.Grant> bindMadeUp(
            Bind asked, Identity identity, Claim claim, int triesLeft, Consumer<TunnelKey> granted) {
        return bindHost(identity.names().nameFrom(names.next()), asked, identity, claim, granted)
                .recover(cause -> {
                    return isTaken(cause) && triesLeft > 1
                            ? bindMadeUp(asked, identity, claim, triesLeft - 1, granted)
                            : Future.failedFuture(cause);
                });
    }

    private Future<Registry.Grant> bindHost(
            String name, Bind asked, Identity identity, Claim claim, Consumer<TunnelKey> granted) {
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
                    HostName.labelUnder(host, domain).isPresent()
                            ? "your token or key does not allow the name %s, but %s; ask for one of these, or whoever runs the edge"
                                    .formatted(quoted(name), identity.names().words())
                            : "%s is not under %s, and needs a token or key that allows it; ask whoever runs the edge"
                                    .formatted(quoted(name), domain));
        }
        if (reserved.get().keepHostFrom(identity, host, domain)) {
            return refused(
                    Bound.Code.NOT_ALLOWED,
                    "%s is reserved for another owner of this edge; ask for another name, or whoever runs the edge"
                            .formatted(quoted(name)));
        }
        return bindKey(TunnelKey.ofHost(host), asked, identity, claim, granted);
    }

    private Future<Registry.Grant> bindKey(
            TunnelKey key, Bind asked, Identity identity, Claim claim, Consumer<TunnelKey> granted) {
        Admission admission;
        try {
            admission = Admission.of(
                    asked.visitors().allowFrom(),
                    asked.visitors().passwords(),
                    asked.visitors().people(),
                    asked.visitors().preflights());
        } catch (ConfigException | IllegalArgumentException e) {
            return refused(Bound.Code.NOT_ALLOWED, "whom to let in: " + e.getMessage());
        }
        if (admission.asksWho() && !Tunnel.isOfHttp(asked.kind())) {
            return refused(
                    Bound.Code.NOT_ALLOWED, "only visitors of http tunnels can be asked for a password or a sign-in");
        }
        if (admission.asksForSignIn() && !offer.signIn()) {
            return refused(
                    Bound.Code.NOT_OFFERED,
                    "this edge has no identity provider to sign in with; whoever runs it can name one with --sign-in");
        }
        if (!admission.people().groups().isEmpty() && !offer.groups()) {
            return refused(
                    Bound.Code.NOT_OFFERED,
                    "this edge is not told of groups by its identity provider; whoever runs it can name the claim that has them"
                            + " with groups: in the file of --sign-in");
        }
        Rate rate;
        try {
            rate = asked.rate() == null ? null : Rate.parse(asked.rate());
        } catch (ConfigException e) {
            return refused(Bound.Code.NOT_ALLOWED, "how many requests to take: " + e.getMessage());
        }
        Tunnel.Policy policy = new Tunnel.Policy(
                asked.hostHeader(),
                asked.target(),
                asked.responseTimeoutMillis(),
                asked.pool(),
                admission,
                rate,
                UnreadPolicy.NOTHING);
        return registry.bind(
                        new Registry.Request(
                                key, identity.owner(), asked.kind(), policy, claim, asked.ticket(), asked.changes()),
                        () -> granted.accept(key))
                .onFailure(cause -> noteNoRoom(cause, identity));
    }

    private void noteNoRoom(Throwable cause, Identity identity) {
        if (cause instanceof NameRefusedException refused && refused.code() == Bound.Code.NO_ROOM) {
            LOGGER.atLevel(quiet.next())
                    .addKeyValue("owner", identity.owner())
                    .addKeyValue("reason", refused.getMessage())
                    .log("no room for another name; refused");
        }
    }

    private static boolean isTaken(Throwable cause) {
        return cause instanceof NameRefusedException refused && refused.code() == Bound.Code.NAME_TAKEN;
    }

    /** What may stand in a header as it is. */
    private static boolean isPlain(String text) {
        return text.length() <= MOST_POLICY_CHARS && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    private static String quoted(String name) {
        return "'" + (name.length() > 80 ? name.substring(0, 80) + "…" : name) + "'";
    }

    private static Future<Registry.Grant> refused(Bound.Code code, String message) {
        return Future.failedFuture(new NameRefusedException(code, message));
    }
}
