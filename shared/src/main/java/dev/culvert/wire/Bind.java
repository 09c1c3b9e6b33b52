package dev.culvert.wire;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The agent asks that visitors of a name be sent down this lane.
 *
 * @param id the agent's number for this tunnel, for the answer; the same on all its lanes
 * @param kind {@code http}, {@code tcp} or {@code tls}
 * @param name the name asked for: a label under the edge's domain, or a whole host name; null for one that the edge
 *     makes up
 * @param port for {@code tcp}, the public port asked for; 0 for any
 * @param ticket proof that the name was this owner's before, from an earlier {@link Bound}
 * @param pool whether the name may be shared with other agents of the same owner
 * @param hostHeader what the target finds in Host: {@code preserve}, {@code rewrite}, or a value
 * @param target what the agent calls its target, for {@code rewrite} and the dashboard: {@code 127.0.0.1:3000}
 * @param responseTimeoutMillis for {@code http}, how long the target may take to begin its answer, in milliseconds; 0 for as long
 *     as it takes
 * @param rate how many requests or visitor connections it takes at each node, as people write it: {@code 50/s}; null for as
 *     many as come
 * @param visitors whom to let in
 * @param changes whether the agent has the name and means to change whom it lets in, also where other agents share it
 */
public record Bind(
        int id,
        String kind,
        @Nullable String name,
        int port,
        @Nullable String ticket,
        boolean pool,
        String hostHeader,
        String target,
        int responseTimeoutMillis,
        @Nullable String rate,
        Visitors visitors,
        boolean changes) {

    private static final String ALLOW_FROM = "allowFrom";
    private static final String PASSWORDS = "passwords";
    private static final String PEOPLE = "people";
    private static final Set<String> RESTRICTIONS = Set.of(ALLOW_FROM, PASSWORDS, PEOPLE);

    /** Characters of what a tunnel says of its target, which may be a path. */
    private static final int MOST_CHARS = 4096;

    /** Characters of a name; it is looked at closely where it is used. */
    private static final int MOST_NAME_CHARS = 1024;

    private static final int MOST_RATE_CHARS = 32;

    /** For a tunnel that takes as many requests as come. */
    public Bind(
            int id,
            String kind,
            @Nullable String name,
            int port,
            @Nullable String ticket,
            boolean pool,
            String hostHeader,
            String target,
            int responseTimeoutMillis,
            Visitors visitors,
            boolean changes) {
        this(id, kind, name, port, ticket, pool, hostHeader, target, responseTimeoutMillis, null, visitors, changes);
    }

    /**
     * Which visitors are let in, as it was asked for.
     *
     * @param allowFrom networks in CIDR notation that they must come from; anywhere when empty
     * @param passwords SHA-256, in hex, of {@code name:password}, one of which lets them in by HTTP
     * @param people who by HTTP may sign in: {@code ann@example.com}, {@code *@example.com} or {@code *}. Where both are empty
     *     nobody is asked who it is
     * @param preflights whether those who ask before a request to another site (CORS preflights) are let in without
     * @param unknown the names of restrictions that the agent counts on, and this release does not know; none in what it
     *     says itself
     */
    public record Visitors(
            List<String> allowFrom,
            List<String> passwords,
            List<String> people,
            boolean preflights,
            List<String> unknown) {
        /** Everybody. */
        public static final Visitors EVERYBODY = new Visitors(List.of(), List.of(), List.of(), false);

        public Visitors {
            allowFrom = List.copyOf(allowFrom);
            passwords = List.copyOf(passwords);
            people = List.copyOf(people);
            unknown = List.copyOf(unknown);
        }

        public Visitors(List<String> allowFrom, List<String> passwords, List<String> people, boolean preflights) {
            this(allowFrom, passwords, people, preflights, List.of());
        }

        private static Visitors of(JsonObject json) {
            return new Visitors(
                    Handshake.list(json, ALLOW_FROM, String.class),
                    Handshake.list(json, PASSWORDS, String.class),
                    Handshake.list(json, PEOPLE, String.class),
                    Handshake.flag(json, "preflights"),
                    Handshake.list(json, "needs", String.class).stream()
                            .filter(need -> !RESTRICTIONS.contains(need))
                            .toList());
        }

        private void putInto(JsonObject json) {
            JsonArray needs = new JsonArray();
            putInto(json, needs, ALLOW_FROM, allowFrom);
            putInto(json, needs, PASSWORDS, passwords);
            putInto(json, needs, PEOPLE, people);
            json.put("preflights", preflights).put("needs", needs);
        }

        private static void putInto(JsonObject json, JsonArray needs, String restriction, List<String> values) {
            json.put(restriction, new JsonArray(values));
            if (!values.isEmpty()) {
                needs.add(restriction);
            }
        }
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject()
                .put("id", id)
                .put("kind", kind)
                .put("port", port)
                .put("pool", pool)
                .put("hostHeader", hostHeader)
                .put("target", target)
                .put("responseTimeoutMillis", responseTimeoutMillis)
                .put("changes", changes);
        visitors.putInto(json);
        Handshake.putIfPresent(json, "name", name);
        Handshake.putIfPresent(json, "ticket", ticket);
        Handshake.putIfPresent(json, "rate", rate);
        return json;
    }

    static Bind of(JsonObject json) {
        int port = Handshake.count(json, "port");
        if (port > 65535) {
            throw new MalformedFrameException("handshake field port must be at most 65535, was " + port);
        }
        return new Bind(
                Handshake.positive(json, "id"),
                Handshake.text(json, "kind"),
                Handshake.shortTextIfPresent(json, "name", MOST_NAME_CHARS),
                port,
                Handshake.textIfPresent(json, "ticket"),
                Handshake.flag(json, "pool"),
                Handshake.text(json, "hostHeader", "preserve"),
                Objects.requireNonNullElse(Handshake.shortTextIfPresent(json, "target", MOST_CHARS), ""),
                Handshake.count(json, "responseTimeoutMillis"),
                Handshake.shortTextIfPresent(json, "rate", MOST_RATE_CHARS),
                Visitors.of(json),
                Handshake.flag(json, "changes"));
    }
}
