package dev.culvert.edge.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The claims of this node: what it says again when the cluster has changed. A claim is in here from before it is asked
 * for until it is taken back, so that one taken back in between is not brought to life again. Safe for use by any
 * thread.
 */
final class OwnClaims {
    private final Map<TunnelKey, List<Own>> byKey = new ConcurrentHashMap<>();
    private final Registry.ClaimListener listener;

    /** None yet; the listener is called while no other thread changes the claims of the same name. */
    OwnClaims(Registry.ClaimListener listener) {
        this.listener = listener;
    }

    /**
     * @param granted false while the cluster has not answered yet
     * @param ownedSinceMillis since when the name is the owner's; unknown before it is granted
     */
    record Own(Registry.Request request, boolean granted, long ownedSinceMillis) {
        TunnelKey key() {
            return request.key();
        }

        Claim claim() {
            return request.claim();
        }
    }

    /** Notes that the claim is being asked for; false when it was there already. */
    boolean ask(Registry.Request request) {
        boolean[] added = {false};
        byKey.compute(request.key(), (key, owns) -> {
            List<Own> now = owns == null ? new ArrayList<>() : new ArrayList<>(owns);
            if (now.stream().noneMatch(own -> own.claim().equals(request.claim()))) {
                now.add(new Own(request, false, 0));
                added[0] = true;
            }
            return List.copyOf(now);
        });
        return added[0];
    }

    /** Notes that the claim was granted; false when it has been taken back in the meantime. */
    boolean grant(Registry.Request request, long ownedSinceMillis) {
        boolean[] present = {false};
        byKey.computeIfPresent(request.key(), (key, owns) -> {
            present[0] = owns.stream().anyMatch(own -> own.claim().equals(request.claim()));
            if (!present[0]) {
                return owns;
            }
            List<Own> now = new ArrayList<>();
            boolean isNew = true;
            for (Own own : owns) {
                if (own.claim().equals(request.claim())) {
                    isNew = !own.granted();
                } else if (isReplaced(own, request.claim())) {
                    listener.gone(own.request());
                } else {
                    now.add(own);
                }
            }
            now.add(new Own(request, true, ownedSinceMillis));
            if (isNew) {
                listener.granted(request);
            }
            return List.copyOf(now);
        });
        return present[0];
    }

    /** Forgets the claim; false when it was not there. */
    @CanIgnoreReturnValue
    boolean forget(TunnelKey key, Claim claim) {
        boolean[] present = {false};
        byKey.computeIfPresent(key, (k, owns) -> {
            List<Own> rest = new ArrayList<>();
            for (Own own : owns) {
                if (!own.claim().equals(claim)) {
                    rest.add(own);
                } else if (own.granted()) {
                    listener.gone(own.request());
                }
            }
            present[0] = rest.size() < owns.size();
            return rest.isEmpty() ? null : List.copyOf(rest);
        });
        return present[0];
    }

    boolean holds(Own own) {
        return of(own.key()).contains(own);
    }

    List<Own> of(TunnelKey key) {
        return byKey.getOrDefault(key, List.of());
    }

    List<Own> all() {
        return byKey.values().stream().flatMap(List::stream).toList();
    }

    /** A granted claim goes when a newer one of the same agent is granted on this node; one still asked for stays. */
    private static boolean isReplaced(Own own, Claim newer) {
        return own.granted() && own.claim().instance().equals(newer.instance());
    }
}
