package dev.culvert.agent;

import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.agent.dial.EdgeTrust;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.agent.dial.TokenSource;
import dev.culvert.agent.dial.WebProxies;
import dev.culvert.config.Secret;
import dev.culvert.config.StateFolder;
import dev.culvert.lane.LaneOptions;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How an agent reaches its edge.
 *
 * @param edge where the edge takes agents in; {@code 127.0.0.1:7070} unless told otherwise
 * @param insecure whether a plain connection may leave this machine: only for a network that is private, because
 *     everybody on it can read and change what visitors send
 * @param trust by what the edge is known where the connection is encrypted; {@link EdgeTrust#OF_MACHINE} unless told
 *     otherwise
 * @param proxies the proxies of the agent's network; those that this process's variables name unless told otherwise
 * @param tokenSource gives what proves to the edge who the agent is, anew for each connection; null for an anonymous agent,
 *     where the edge lets those in
 * @param stateFolder where the anonymous agent's secret and the names it was given are kept, so that a tunnel has its
 *     name again after a restart; null to keep nothing, as tests like it, and by default for a user
 *     who has no home
 * @param lanes how many lanes to keep, each to another node of the edge; 2 by default, so that one node may go without
 *     visitors noticing. A single node gets one lane, whatever this says
 * @param reconnect what to do when the last lane is lost; {@link Reconnect#DEFAULT} tries for ever
 * @param laneOptions windows, memory and pings of the lanes
 * @param instance the agent's id among the edge's agents: a lane of the same instance takes the place of one that the
 *     agent does not know to be alive any more. Random by default; set only by tests of that, here or with the variable
 *     {@code CULVERT_INSTANCE}
 */
public record AgentOptions(
        EdgeAddress edge,
        boolean insecure,
        EdgeTrust trust,
        WebProxies proxies,
        @Nullable TokenSource tokenSource,
        @Nullable Path stateFolder,
        int lanes,
        Reconnect reconnect,
        LaneOptions laneOptions,
        @Nullable String instance) {

    /** More lanes than this to one edge are of no use. */
    public static final int MOST_LANES = 16;

    /** An anonymous agent of the edge on this machine, with the user's own folder. */
    public static final AgentOptions DEFAULT = new AgentOptions(
            EdgeAddress.DEFAULT,
            false,
            EdgeTrust.OF_MACHINE,
            WebProxies.ofProcess(),
            null,
            StateFolder.ofUser().orElse(null),
            2,
            Reconnect.DEFAULT,
            LaneOptions.DEFAULT,
            System.getenv("CULVERT_INSTANCE"));

    public AgentOptions {
        if (lanes < 1 || lanes > MOST_LANES) {
            throw new IllegalArgumentException("lanes must be between 1 and %d, was %d".formatted(MOST_LANES, lanes));
        }
        if (edge.isPlain() && !insecure && !edge.hostPort().isLoopback()) {
            throw new IllegalArgumentException(("%s is not this machine, and the connection would not be encrypted:"
                            + " use https:// where the edge has it, or add --insecure if the network between is private")
                    .formatted(edge));
        }
        Objects.requireNonNull(proxies.to(edge)); // Whoever wrote a variable that makes no sense hears of it now.
    }

    /** The defaults for an edge at {@code host:port}. */
    public static AgentOptions of(String edge) {
        return DEFAULT.withEdge(EdgeAddress.parse(edge));
    }

    public AgentOptions withEdge(EdgeAddress newEdge) {
        return with(copy -> copy.edge = newEdge);
    }

    /** A plain edge beyond this machine; both at once, because the one is not allowed without the other. */
    public AgentOptions withInsecureEdge(EdgeAddress newEdge) {
        return with(copy -> {
            copy.edge = newEdge;
            copy.insecure = true;
        });
    }

    public AgentOptions withTrust(EdgeTrust newTrust) {
        return with(copy -> copy.trust = newTrust);
    }

    public AgentOptions withProxies(WebProxies newProxies) {
        return with(copy -> copy.proxies = newProxies);
    }

    /** One token for all connections; null for none. */
    public AgentOptions withToken(@Nullable Secret newToken) {
        return withTokenSource(newToken == null ? null : TokenSource.of(newToken));
    }

    /** A token that may be another one for each connection; null for none. */
    public AgentOptions withTokenSource(@Nullable TokenSource newSource) {
        return with(copy -> copy.tokenSource = newSource);
    }

    public AgentOptions withStateFolder(@Nullable Path newFolder) {
        return with(copy -> copy.stateFolder = newFolder);
    }

    public AgentOptions withLanes(int newLanes) {
        return with(copy -> copy.lanes = newLanes);
    }

    public AgentOptions withReconnect(Reconnect newReconnect) {
        return with(copy -> copy.reconnect = newReconnect);
    }

    public AgentOptions withLaneOptions(LaneOptions newOptions) {
        return with(copy -> copy.laneOptions = newOptions);
    }

    public AgentOptions withInstance(@Nullable String newInstance) {
        return with(copy -> copy.instance = newInstance);
    }

    String instanceOrRandom() {
        return instance == null || instance.isEmpty() ? UUID.randomUUID().toString() : instance;
    }

    private AgentOptions with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return copy.done();
    }

    /** All fields, to be changed one by one where nobody sees it. */
    private static final class Copy {
        private EdgeAddress edge;
        private boolean insecure;
        private EdgeTrust trust;
        private WebProxies proxies;
        private @Nullable TokenSource tokenSource;
        private @Nullable Path stateFolder;
        private int lanes;
        private Reconnect reconnect;
        private LaneOptions laneOptions;
        private @Nullable String instance;

        Copy(AgentOptions from) {
            edge = from.edge;
            insecure = from.insecure;
            trust = from.trust;
            proxies = from.proxies;
            tokenSource = from.tokenSource;
            stateFolder = from.stateFolder;
            lanes = from.lanes;
            reconnect = from.reconnect;
            laneOptions = from.laneOptions;
            instance = from.instance;
        }

        AgentOptions done() {
            return new AgentOptions(
                    edge, insecure, trust, proxies, tokenSource, stateFolder, lanes, reconnect, laneOptions, instance);
        }
    }
}
