package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.culvert.wire.Bound;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry as one Hazelcast map. Every change is one {@link Change} on the node that keeps the name; every read of
 * the request path is of the {@link LocalCopy}. What other nodes do arrives through {@link MapEvents}; what follows from
 * nodes that come and go is {@link Upkeep}'s.
 */
public final class HazelcastRegistry implements Registry {
    static final String TUNNELS = "culvert.tunnels";

    /**
     * For how long a name that was given back is reserved at most, while that is being noted: longer than the cluster
     * takes for it, also when a node has just died.
     */
    private static final Duration GIVING_BACK = Duration.ofMinutes(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(HazelcastRegistry.class);

    private final String nodeId;
    private final RegistryOptions options;
    private final InstantSource clock;
    private final IMap<String, StoredTunnel> map;
    private final Members members;
    private final SharedSecret secret;
    private final GivenBack givenBack;
    private final NameRoom room;
    private final LocalCopy local;
    private final OwnClaims own = new OwnClaims(new ToListeners());
    private final Misses misses;
    private final Upkeep upkeep;
    private final News.Teller teller;
    /** Claims that are on their way to other nodes: what is seen of them is no reason to assert them again. */
    private final Set<Claim> handingOver = ConcurrentHashMap.newKeySet();

    /** A node that dies, or a merge, can leave as much to sweep and to assert again as there are names. */
    private final Bulk sweeping = new Bulk();

    private final Bulk asserting = new Bulk();

    private final Map<TunnelKey, CompletableFuture<Optional<StoredTunnel>>> asking = new ConcurrentHashMap<>();
    private final List<BiConsumer<TunnelKey, Claim>> losers = new CopyOnWriteArrayList<>();
    private final List<ClaimListener> claimListeners = new CopyOnWriteArrayList<>();

    private HazelcastRegistry(Vertx vertx, HazelcastMember member, RegistryOptions options, InstantSource clock) {
        HazelcastInstance hazelcast = member.hazelcast();
        this.nodeId = member.nodeId();
        this.options = options;
        this.clock = clock;
        this.map = hazelcast.getMap(TUNNELS);
        this.members = new Members(hazelcast.getCluster());
        this.secret = new SharedSecret(hazelcast, options.ticketSecret());
        this.givenBack = new GivenBack(hazelcast);
        this.room = new NameRoom(options.roomBytes());
        this.local = new LocalCopy(room);
        this.misses = new Misses(clock, options.questionsPerSecond());
        this.teller = new News.Teller(hazelcast);
        this.upkeep = new Upkeep(vertx, member, this, members, options.sweepInterval());
    }

    /** Joins the cluster's registry: the future completes once this node knows every name there is. */
    public static Future<HazelcastRegistry> start(Vertx vertx, HazelcastMember member, RegistryOptions options) {
        return start(vertx, member, options, InstantSource.system());
    }

    /** The same with a clock of one's own. */
    static Future<HazelcastRegistry> start(
            Vertx vertx, HazelcastMember member, RegistryOptions options, InstantSource clock) {
        return vertx.executeBlocking(() -> new HazelcastRegistry(vertx, member, options, clock), false)
                .compose(registry -> registry.upkeep.start().map(registry));
    }

    @Override
    public @Nullable Tunnel find(TunnelKey key) {
        StoredTunnel stored = local.get(key);
        return stored == null ? null : inForce(stored.tunnel());
    }

    @Override
    public Future<Optional<Tunnel>> confirm(TunnelKey key) {
        StoredTunnel hadThen = local.get(key);
        if (hadThen == null && misses.holds(key)) {
            return Future.succeededFuture(Optional.empty());
        }
        CompletableFuture<Optional<StoredTunnel>> answer = new CompletableFuture<>();
        CompletableFuture<Optional<StoredTunnel>> askedAlready = asking.putIfAbsent(key, answer);
        if (askedAlready != null) {
            return here(askedAlready.thenApply(this::inForce));
        }
        if (hadThen == null && !misses.mayAsk()) {
            answer.completeExceptionally(new RegistryBusyException());
            asking.remove(key, answer);
        } else {
            ask(key, hadThen, answer);
        }
        return here(answer.thenApply(this::inForce));
    }

    private void ask(TunnelKey key, @Nullable StoredTunnel hadThen, CompletableFuture<Optional<StoredTunnel>> answer) {
        CompletionStage<StoredTunnel> asked;
        long askedMillis = clock.millis();
        try {
            asked = map.getAsync(key.value());
        } catch (RuntimeException e) {
            asked = CompletableFuture.failedFuture(e);
        }
        asked.whenComplete((found, fault) -> {
            if (fault == null) {
                learn(key, hadThen, found, askedMillis);
            }
            asking.remove(key, answer);
            if (fault == null) {
                answer.complete(Optional.ofNullable(found));
            } else {
                answer.completeExceptionally(fault);
            }
        });
    }

    private void learn(TunnelKey key, @Nullable StoredTunnel hadThen, @Nullable StoredTunnel found, long askedMillis) {
        if (found != null) {
            seen(found);
            return;
        }
        local.remove(key, hadThen);
        if (!local.knows(key)) { // Else it was given, and this node was told, while the answer was on its way.
            misses.add(key, askedMillis);
        }
    }

    @Override
    public Collection<Tunnel> tunnels() {
        return local.all().stream()
                .flatMap(stored -> Optional.ofNullable(inForce(stored.tunnel())).stream())
                .toList();
    }

    @Override
    public int nodes() {
        return members.nodes().size();
    }

    @Override
    public Set<String> members() {
        return members.nodes();
    }

    @Override
    public String nodeId() {
        return nodeId;
    }

    @Override
    public Future<Grant> bind(Request request, Runnable whenGranted) {
        long more = NameRoom.bytesMore(request, local.get(request.key()));
        NameRoom.Verdict verdict = room.take(request.owner(), more);
        if (verdict != NameRoom.Verdict.HAS_ROOM) {
            return Future.failedFuture(noRoom(verdict));
        }
        return bindWithRoom(request, whenGranted).onComplete(over -> room.giveBack(request.owner(), more));
    }

    private Future<Grant> bindWithRoom(Request request, Runnable whenGranted) {
        long now = clock.millis();
        boolean added = own.ask(request);
        CompletionStage<Grant> granted = change(request, now)
                .thenCompose(change ->
                        submit(request.key(), change).thenCompose(outcome -> contested(request, now, change, outcome)))
                .thenCompose(outcome -> spread(outcome, whenGranted))
                .handle((outcome, fault) -> {
                    if (fault == null && outcome.verdict() == Outcome.Verdict.DONE) {
                        return granted(
                                request,
                                added,
                                Objects.requireNonNull(outcome.now()).tunnel());
                    }
                    if (added) {
                        own.forget(request.key(), request.claim());
                    }
                    throw fault == null ? refusal(request.key(), outcome.verdict()) : unreachable(request.key(), fault);
                });
        return here(granted);
    }

    private CompletionStage<BindChange> change(Request request, long nowMillis) {
        return provenSince(request, nowMillis)
                .thenApply(proven -> new BindChange(request, nowMillis, proven, members.gone()));
    }

    /** Where the name is another's and the ticket older, the ticket is looked at once more: this owner may have come since. */
    private CompletionStage<Outcome> contested(Request request, long nowMillis, BindChange asked, Outcome outcome) {
        StoredTunnel now = outcome.now();
        if (outcome.verdict() != Outcome.Verdict.TAKEN || now == null) {
            return CompletableFuture.completedFuture(outcome);
        }
        Ownership other = Ownership.of(now.tunnel());
        return asked.isProvenOlderThan(other)
                ? change(request, nowMillis).thenCompose(change -> submit(request.key(), change.against(other)))
                : CompletableFuture.completedFuture(outcome);
    }

    /** Since when the request's ticket proves that the name is its owner's, who may have given it back in the meantime. */
    private CompletionStage<Long> provenSince(Request request, long nowMillis) {
        Tickets tickets = secret.tickets();
        Tickets.Proof proof = tickets.proof(request.ticket(), request.key(), request.owner(), nowMillis)
                .orElse(null);
        return proof == null
                ? CompletableFuture.completedFuture(BindChange.UNPROVEN)
                : givenBack
                        .isVoid(tickets.placeOf(request.key(), request.owner()), proof.issuedMillis())
                        .thenApply(isVoid -> isVoid ? BindChange.UNPROVEN : proof.ownedSinceMillis());
    }

    /** Tells all nodes of a claim that was granted, before its agent hears of it. */
    private CompletionStage<Outcome> spread(Outcome outcome, Runnable whenGranted) {
        StoredTunnel now = outcome.now();
        if (outcome.verdict() != Outcome.Verdict.DONE || now == null) {
            return CompletableFuture.completedFuture(outcome);
        }
        whenGranted.run();
        return teller.tell(now).thenApply(heard -> outcome);
    }

    /**
     * The answer to who asked for the claim.
     *
     * @param added whether it was not claimed before
     */
    private Grant granted(Request request, boolean added, Tunnel tunnel) {
        if (!own.grant(request, tunnel.ownedSinceMillis())) {
            // Taken back while it was being asked for; and the taking back may have come first.
            takeBackAlone(request.key(), request.claim());
        }
        try {
            return new Grant(tunnel, secret.tickets().issue(tunnel, clock.millis()));
        } catch (RuntimeException | Error e) {
            if (added) { // Whoever asked hears that it was not granted, and would never take it back.
                own.forget(request.key(), request.claim());
                takeBackAlone(request.key(), request.claim());
            }
            throw e;
        }
    }

    @Override
    public Future<Void> release(TunnelKey key, Claim claim) {
        own.forget(key, claim);
        return here(submit(key, new ReleaseChange(claim, graceFromNow())).thenApply(outcome -> null));
    }

    @Override
    public Future<Void> giveUp(TunnelKey key, Claim claim) {
        own.forget(key, claim);
        GiveUpChange change = new GiveUpChange(claim, clock.millis() + GIVING_BACK.toMillis());
        return here(submit(key, change)
                .thenCompose(outcome -> outcome.verdict() == Outcome.Verdict.GIVEN_BACK
                        ? giveBack(Objects.requireNonNull(outcome.now()).tunnel())
                        : CompletableFuture.completedFuture(outcome))
                .thenApply(outcome -> null));
    }

    @Override
    public Future<Boolean> free(TunnelKey key) {
        // Changes nothing that is served or reserved, and says what it is.
        return here(submit(key, new ExpireChange(clock.millis()))
                .thenCompose(outcome -> {
                    StoredTunnel now = outcome.now();
                    return now != null && now.tunnel().claims().isEmpty()
                            ? giveBack(now.tunnel())
                            : CompletableFuture.completedFuture(outcome);
                })
                .thenApply(outcome -> outcome.now() == null));
    }

    /**
     * Frees a name that is reserved, once its owner's tickets are void: whoever has it next must not lose it to one of
     * them. What has happened to the name meanwhile stays.
     */
    private CompletionStage<Outcome> giveBack(Tunnel reserved) {
        int place = secret.tickets().placeOf(reserved.key(), reserved.owner());
        return givenBack
                .note(place, clock.millis())
                .thenCompose(noted -> submit(reserved.key(), new ExpireChange(reserved.reservedUntilMillis())));
    }

    @Override
    public Future<Boolean> handOver(TunnelKey key, Claim claim) {
        handingOver.add(claim);
        return here(submit(key, new HandOverChange(claim, members.gone())).handle((outcome, fault) -> {
            StoredTunnel now = fault == null ? outcome.now() : null;
            boolean handedOver =
                    fault == null && (now == null || !now.tunnel().claims().contains(claim));
            if (handedOver) {
                own.forget(key, claim);
            }
            handingOver.remove(claim);
            return handedOver;
        }));
    }

    @Override
    public void onLost(BiConsumer<TunnelKey, Claim> listener) {
        losers.add(listener);
    }

    @Override
    public void onClaims(ClaimListener listener) {
        claimListeners.add(listener);
    }

    private final class ToListeners implements ClaimListener {
        @Override
        public void granted(Request request) {
            claimListeners.forEach(listener -> listener.granted(request));
        }

        @Override
        public void gone(Request request) {
            claimListeners.forEach(listener -> listener.gone(request));
        }
    }

    @Override
    public Future<Void> close() {
        return upkeep.stop();
    }

    // What follows is for the map's events and the upkeep.

    IMap<String, StoredTunnel> map() {
        return map;
    }

    LocalCopy local() {
        return local;
    }

    SharedSecret secret() {
        return secret;
    }

    /** A value was seen in the map. */
    void seen(StoredTunnel stored) {
        local.put(stored);
        misses.remove(stored.tunnel().key());
        suspect(stored.tunnel().key(), stored.tunnel());
    }

    /** The value is not in the map any more. */
    void gone(StoredTunnel stored) {
        local.remove(stored);
        suspect(stored.tunnel().key(), null);
    }

    /**
     * Asks again for a claim of ours that seems not to count any more. What was seen may be older than what we know,
     * so only the answer decides.
     */
    private void suspect(TunnelKey key, @Nullable Tunnel seen) {
        for (OwnClaims.Own mine : own.of(key)) {
            if (mine.granted()
                    && !handingOver.contains(mine.claim())
                    && (seen == null || !seen.claims().contains(mine.claim()))
                    && !asserting.trySend(() -> assertAgain(mine).whenComplete(this::noteUnasserted))) {
                upkeep.again(); // So many at once mean that something has happened to all of them.
            }
        }
    }

    private void noteUnasserted(@Nullable Outcome outcome, @Nullable Throwable fault) {
        if (fault != null && upkeep.isMember()) {
            LOGGER.atWarn().addKeyValue("fault", fault).log("claim not asserted again; the next tick tries again");
            upkeep.again();
        }
    }

    /**
     * Asks again for every claim of ours that is not in the map, which has just been read because the cluster has
     * changed, and takes back what others still believe of us: a merge brings back claims that ended in one half only.
     * What changes after the reading is {@linkplain #seen heard of}. Blocks until all is answered.
     *
     * @throws IllegalStateException when the cluster does not answer, or not with success
     */
    void assertAllAgain() throws InterruptedException {
        for (OwnClaims.Own mine : own.all()) {
            if (mine.granted() && !isKnown(mine.key(), mine.claim())) {
                asserting.send(() -> assertAgain(mine));
            }
        }
        for (StoredTunnel stored : local.all()) {
            TunnelKey key = stored.tunnel().key();
            for (Claim claim : stored.tunnel().claims()) {
                if (claim.node().equals(nodeId) && !isOurs(key, claim)) {
                    asserting.send(() -> takeBack(key, claim));
                }
            }
        }
        asserting.awaitAll();
    }

    private boolean isKnown(TunnelKey key, Claim claim) {
        StoredTunnel stored = local.get(key);
        return stored != null && stored.tunnel().claims().contains(claim);
    }

    /** Asks again for the claim, unless it has been taken back; fails when there is no answer. */
    private CompletionStage<@Nullable Outcome> assertAgain(OwnClaims.Own mine) {
        if (!own.holds(mine)) {
            return CompletableFuture.completedFuture(null);
        }
        Change change =
                BindChange.assertedAgain(mine.request(), clock.millis(), mine.ownedSinceMillis(), members.gone());
        return submit(mine.key(), change).thenApply(outcome -> {
            if (outcome.verdict() != Outcome.Verdict.DONE) {
                lose(mine);
            } else if (!own.holds(mine)) {
                takeBackAlone(mine.key(), mine.claim());
            }
            return outcome;
        });
    }

    private void lose(OwnClaims.Own mine) {
        if (own.forget(mine.key(), mine.claim())) {
            LOGGER.atInfo()
                    .addKeyValue("tunnel", mine.key())
                    .addKeyValue("lane", mine.claim().lane())
                    .log("name belongs to another owner or agent now; its agent is told");
            losers.forEach(listener -> listener.accept(mine.key(), mine.claim()));
        }
    }

    private boolean isOurs(TunnelKey key, Claim claim) {
        return own.of(key).stream().anyMatch(mine -> mine.claim().equals(claim));
    }

    /** Takes back a claim unless it is one of ours; fails when there is no answer. */
    private CompletionStage<@Nullable Outcome> takeBack(TunnelKey key, Claim claim) {
        return isOurs(key, claim)
                ? CompletableFuture.completedFuture(null)
                : submit(key, new ReleaseChange(claim, graceFromNow())).thenApply(outcome -> outcome);
    }

    private void takeBackAlone(TunnelKey key, Claim claim) {
        takeBack(key, claim).whenComplete((outcome, fault) -> {
            if (fault != null) {
                LOGGER.atWarn()
                        .addKeyValue("tunnel", key)
                        .addKeyValue("fault", fault)
                        .log("claim not taken back");
            }
        });
    }

    /**
     * Frees names whose grace is over and takes back claims of nodes that have left. For the oldest member, and only
     * while it is. Blocks until all is answered.
     *
     * @param goesOn whether this node is still to sweep; asked before each change
     * @throws IllegalStateException when the cluster does not answer, or not with success; the next sweep goes on
     */
    void sweep(BooleanSupplier goesOn) throws InterruptedException {
        for (StoredTunnel stored : local.all()) {
            Change due = due(stored.tunnel());
            if (due != null) {
                if (!goesOn.getAsBoolean()) {
                    break;
                }
                sweeping.send(() -> submit(stored.tunnel().key(), due));
            }
        }
        sweeping.awaitAll();
    }

    /** With the members as they are now: of one that came while others were swept, nothing is taken. */
    private @Nullable Change due(Tunnel tunnel) {
        long now = clock.millis();
        if (tunnel.isFreeAt(now)) {
            return new ExpireChange(now);
        }
        Set<String> nodes = members.nodes();
        for (Claim claim : tunnel.claims()) {
            if (!nodes.contains(claim.node())) {
                return new SweepChange(nodes, graceFromNow());
            }
        }
        return null;
    }

    /** Sends a change to where the name is kept, and takes note of what it came to before anybody hears of it. */
    private CompletionStage<Outcome> submit(TunnelKey key, Change change) {
        StoredTunnel hadThen = local.get(key);
        CompletionStage<Outcome> submitted;
        try {
            submitted = map.submitToKey(key.value(), change);
        } catch (RuntimeException e) {
            submitted = CompletableFuture.failedFuture(e); // Hazelcast throws at once when it is not running.
        }
        return submitted.thenApply(outcome -> {
            StoredTunnel now = outcome.now();
            if (now != null) {
                local.put(now);
                misses.remove(key);
            } else {
                local.remove(key, hadThen);
            }
            return outcome;
        });
    }

    private long graceFromNow() {
        return clock.millis() + options.grace().toMillis();
    }

    private Optional<Tunnel> inForce(Optional<StoredTunnel> stored) {
        return stored.map(found -> inForce(found.tunnel()));
    }

    /** The tunnel without the claims of nodes that are not members; null when its time is over. */
    private @Nullable Tunnel inForce(Tunnel tunnel) {
        if (tunnel.claims().isEmpty()) {
            return tunnel.isFreeAt(clock.millis()) ? null : tunnel;
        }
        Set<Claim> valid = null;
        for (Claim claim : tunnel.claims()) {
            if (!members.has(claim.node())) {
                valid = valid == null ? new HashSet<>(tunnel.claims()) : valid;
                valid.remove(claim);
            }
        }
        return valid == null ? tunnel : tunnel.heldBy(valid, 0);
    }

    /** On the caller's context where it has one, else on Hazelcast's thread. */
    private static <T> Future<T> here(CompletionStage<T> stage) {
        Context context = Vertx.currentContext();
        Future<T> future =
                context == null ? Future.fromCompletionStage(stage) : Future.fromCompletionStage(stage, context);
        return future.recover(fault -> Future.failedFuture(unwrapped(fault)));
    }

    private static Throwable unwrapped(Throwable fault) {
        Throwable cause = fault.getCause();
        return fault instanceof CompletionException && cause != null ? cause : fault;
    }

    private static NameRefusedException refusal(TunnelKey key, Outcome.Verdict verdict) {
        String name = key.isPort() ? "port " + key.name() : key.name();
        // What to do is the agent's to say, which knows how it was asked; only what it cannot know is said here.
        return switch (verdict) {
            case TAKEN ->
                new NameRefusedException(Bound.Code.NAME_TAKEN, "%s belongs to somebody else".formatted(name));
            case NOT_POOLED ->
                new NameRefusedException(
                        Bound.Code.NAME_IN_USE,
                        "%s is in use by another of your agents; start both with --pool to share it, or stop the other one"
                                .formatted(name));
            case OTHER_KIND ->
                new NameRefusedException(
                        Bound.Code.NAME_IN_USE,
                        "%s is in use by another of your agents for another kind of tunnel; stop that one first"
                                .formatted(name));
            case OTHER_ADMISSION ->
                new NameRefusedException(
                        Bound.Code.NAME_IN_USE,
                        "%s is shared by your agents, and another one lets in other visitors; start all of them with the same --basic-auth, --sign-in and --allow-from"
                                .formatted(name));
            case FULL ->
                new NameRefusedException(
                        Bound.Code.NAME_IN_USE,
                        "%s is served by your agents on %d lanes already, and no more can share it; stop some of them first"
                                .formatted(name, BindChange.MOST_CLAIMS));
            case UNKNOWN ->
                new NameRefusedException(
                        Bound.Code.INTERNAL,
                        "the edge that keeps %s is of a later release, and refuses it for a reason that this one does not know; try again"
                                .formatted(name));
            case DONE, GIVEN_BACK -> throw new IllegalStateException("a bind that was done is not refused");
        };
    }

    private static NameRefusedException noRoom(NameRoom.Verdict verdict) {
        return new NameRefusedException(
                Bound.Code.NO_ROOM,
                verdict == NameRoom.Verdict.FULL
                        ? "the edges have no room for another name; whoever runs them can give them more memory"
                        : "your names take half of the room that the edges have for names, and one owner may have no more; give some back first");
    }

    private static NameRefusedException unreachable(TunnelKey key, Throwable fault) {
        LOGGER.atWarn()
                .addKeyValue("tunnel", key)
                .addKeyValue("fault", fault)
                .log("registry did not answer a bind; the agent may try again");
        return new NameRefusedException(
                Bound.Code.INTERNAL, "the edge's registry did not answer for %s; try again".formatted(key.name()));
    }
}
