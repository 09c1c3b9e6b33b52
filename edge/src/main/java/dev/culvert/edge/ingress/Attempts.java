package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.lanes.CloseCounts;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpMethod;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The attempts to get one request answered, three at most: which carrier is asked next, and whether there may be a next
 * one at all. A retry is sound or it does not happen:
 *
 * <ul>
 *   <li>any request, when it is proven that nothing of it was handed to a target;
 *   <li>an idempotent one, when the carrier was lost, or a target closed a connection that it had kept open, and no byte
 *       of an answer has come.
 * </ul>
 *
 * In both cases only while the body is still in the replay buffer. When no carrier is left, this node may know too little:
 * the owner's copy of the registry is asked, once.
 */
final class Attempts {
    private static final int MOST = 3;

    /**
     * How long the owner's copy is waited for: as long as the cluster needs to notice that the node that keeps it has
     * fallen silent. All others answer within milliseconds.
     */
    private static final Duration OWNER_ANSWERS_WITHIN = Duration.ofSeconds(5);

    /** RFC 9110, 9.2.2. */
    private static final Set<HttpMethod> IDEMPOTENT = Set.of(
            HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.TRACE, HttpMethod.PUT, HttpMethod.DELETE);

    private static final Set<CloseReason> LOST =
            Set.of(CloseReason.LANE_LOST, CloseReason.SILENT, CloseReason.REPLACED, CloseReason.CLOSED);

    private static final Set<CloseReason> NOBODY_THERE =
            Set.of(CloseReason.NOT_HELD, CloseReason.DRAINING, CloseReason.IDS_EXHAUSTED);

    private final Carriers carriers;
    private final Registry registry;
    private final CloseCounts opensRefused;
    private final StreamRequest.Kind kind;
    private final String reached;
    private final long traceId = ThreadLocalRandom.current().nextLong();
    /** Asked already, and not to be asked again. */
    private final List<Carrier> refused = new ArrayList<>(0);
    /** Those of them that have not refused but were lost: once more, if the owner's copy has them and they may live. */
    private final List<Carrier> lost = new ArrayList<>(0);

    private Tunnel tunnel;
    private int made;
    private boolean confirmed;
    private @Nullable Carrier asked;
    private @Nullable StreamReset lastRefusal;

    /** For a request. */
    Attempts(Ingress ingress, Tunnel tunnel) {
        this(ingress, tunnel, StreamRequest.Kind.HTTP, "");
    }

    /**
     * For whatever the visitor speaks.
     *
     * @param reached where the visitor connected to, for the target to know; empty when nobody asks
     */
    Attempts(Ingress ingress, Tunnel tunnel, StreamRequest.Kind kind, String reached) {
        this.carriers = ingress.carriers();
        this.registry = ingress.registry();
        this.opensRefused = ingress.traffic().opensRefused();
        this.tunnel = tunnel;
        this.kind = kind;
        this.reached = reached;
    }

    /** A pinned stream is tried first; that counts. */
    void usePinned() {
        made++;
        asked = null;
    }

    /**
     * Opens a stream through the best carrier that has not refused. Refusals lead to the next one.
     *
     * @return fails with {@link RefusedException}
     */
    Future<TunnelStream> open(String visitor, EventLoop loop) {
        if (made > 0) {
            // Its agent may have come back at another node since the request came in.
            Tunnel now = registry.find(tunnel.key());
            if (now != null && letsInOthers(now)) {
                return Future.failedFuture(new RefusedException(finalReply()));
            }
            tunnel = now == null ? tunnel : now;
        }
        return openNext(visitor, loop);
    }

    /** The visitor was let in by what this node knew; an agent that has come back since may want others. */
    private boolean letsInOthers(Tunnel now) {
        return !now.policy().hasAdmissionOf(tunnel.policy());
    }

    private Future<TunnelStream> openNext(String visitor, EventLoop loop) {
        Carrier next = made < MOST ? next() : null;
        if (next == null) {
            return noneLeft(visitor, loop);
        }
        asked = next;
        StreamRequest request = new StreamRequest(tunnel.key().value(), carries(), visitor, reached, made, traceId);
        made++;
        return next.open(request, loop).recover(failure -> {
            if (!(failure instanceof StreamClosedException closed)) {
                return Future.failedFuture(failure);
            }
            // Never opened: nothing of the request was on it, whatever the reason.
            lastRefusal = closed.reset();
            opensRefused.add(closed.reset().reason());
            refused.add(next);
            if (LOST.contains(closed.reset().reason())) {
                lost.add(next);
            }
            return open(visitor, loop);
        });
    }

    /** Its agent may have come back with a target that speaks another HTTP. */
    private StreamRequest.Kind carries() {
        return kind == StreamRequest.Kind.HTTP && tunnel.kind().equals(Tunnel.HTTP2) ? StreamRequest.Kind.HTTP2 : kind;
    }

    /** The tunnel as it was when the last stream was opened. */
    Tunnel tunnel() {
        return tunnel;
    }

    /** What the last stream was opened through. */
    Carrier asked() {
        return Objects.requireNonNull(asked);
    }

    /** Whether a request whose stream ended may be tried again, and notes why for when nobody is left. */
    boolean mayRetry(HttpMethod method, TargetConnection target, ReplayBody body, StreamReset reset) {
        boolean undelivered = reset.provesUndelivered(target.firstByteOffset())
                || (!target.isReused() && reset.reason().retryable() && reset.deliveredBytes() <= 0);
        boolean gone = LOST.contains(reset.reason());
        boolean mayHappenTwice = gone || (target.isReused() && reset.reason() == CloseReason.TARGET_FAILED);
        lastRefusal = reset;
        if (undelivered) {
            opensRefused.add(reset.reason());
        }
        noteRefused(reset.reason());
        return made < MOST
                && body.isIntact()
                && !target.isAnswering()
                && (undelivered || (mayHappenTwice && IDEMPOTENT.contains(method)));
    }

    /**
     * Whether a stream of raw bytes that ended may be opened again elsewhere, and notes why for when nobody is left.
     *
     * @param untouched whether nothing has come from the target, and all that was sent is at hand
     */
    boolean mayRetry(StreamReset reset, boolean untouched) {
        lastRefusal = reset;
        if (isRefusal(reset)) {
            opensRefused.add(reset.reason());
        }
        noteRefused(reset.reason());
        return isRefusal(reset) && untouched && made < MOST;
    }

    private void noteRefused(CloseReason reason) {
        if (asked != null) {
            refused.add(asked);
        }
        if (asked != null && LOST.contains(reason)) {
            lost.add(asked);
        }
    }

    /** Whether it says that the stream never reached a target. */
    static boolean isRefusal(StreamReset reset) {
        boolean mayProve = LOST.contains(reset.reason()) || reset.reason() == CloseReason.OVERLOADED;
        return (reset.deliveredBytes() <= 0 && reset.reason().retryable()) || (reset.provesUndelivered(0) && mayProve);
    }

    /** Why the last carrier refused; that there is none when none was asked. */
    StreamReset lastRefusal() {
        return lastRefusal != null
                ? lastRefusal
                : new StreamReset(CloseReason.NOT_HELD, 0, "no agent is connected that serves it");
    }

    private @Nullable Carrier next() {
        for (Carrier carrier : carriers.to(tunnel)) {
            if (!refused.contains(carrier)) {
                return carrier;
            }
        }
        return null;
    }

    /** This node's copy of the registry may be stale: who holds the tunnel is asked of the owner's copy, once. */
    private Future<TunnelStream> noneLeft(String visitor, EventLoop loop) {
        if (!mayBeStale() || confirmed || made >= MOST) {
            return Future.failedFuture(new RefusedException(finalReply()));
        }
        confirmed = true;
        // The registry answers on whatever thread it likes; carriers are asked on the loop.
        Promise<Optional<Tunnel>> answered = Promise.promise();
        Outcomes.on(
                loop,
                registry.confirm(tunnel.key()).timeout(OWNER_ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS),
                (found, fault) -> answered.complete(found == null ? Optional.empty() : found));
        return answered.future().compose(found -> {
            if (found.isEmpty() || letsInOthers(found.get())) {
                return Future.failedFuture(new RefusedException(finalReply()));
            }
            tunnel = found.get();
            refused.removeIf(carrier -> lost.contains(carrier) && !carrier.isDoubtful());
            return openNext(visitor, loop);
        });
    }

    private boolean mayBeStale() {
        StreamReset last = lastRefusal;
        return last == null
                ? !tunnel.claims().isEmpty()
                : last.reason() == CloseReason.NOT_HELD || LOST.contains(last.reason());
    }

    /** What the visitor gets when there is no other attempt. */
    Reply finalReply() {
        StreamReset reset = lastRefusal;
        if (reset == null || saysNobodyThere(reset)) {
            return Reply.offline(tunnel.key().name());
        }
        return Reply.of(reset.reason(), reset.detail());
    }

    private static boolean saysNobodyThere(StreamReset reset) {
        return (NOBODY_THERE.contains(reset.reason()) && reset.deliveredBytes() <= 0)
                || (LOST.contains(reset.reason()) && reset.provesUndelivered(0));
    }
}
