package dev.culvert.edge.lanes;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What reaches targets from this node without another one. Safe for use by any thread. */
public interface LocalCarriers extends Carriers {
    /** The carriers of this node for the tunnel, the best first. */
    List<Carrier> to(TunnelKey key);

    @Override
    default List<Carrier> to(Tunnel tunnel) {
        return to(tunnel.key());
    }

    /**
     * Takes a tunnel away from who serves it here, as the operator wants it.
     *
     * @return completes once the registry has this node's claims no more
     */
    Future<Void> takeAway(TunnelKey key, String why);

    /** Takes no more of those who serve, and asks those who are here to go elsewhere, where there is a way to. */
    void drain();

    /** Where those who serve come from, as people read it, by the lane of their claims. A snapshot. */
    Map<String, String> remotes();

    /** The same for one lane; null where there is none of that id. */
    @Nullable
    String remoteOf(String lane);

    /** Those of the two kinds together. */
    static LocalCarriers of(LocalCarriers one, LocalCarriers other) {
        return new LocalCarriers() {
            @Override
            public List<Carrier> to(TunnelKey key) {
                List<Carrier> first = one.to(key);
                List<Carrier> second = other.to(key);
                if (second.isEmpty()) {
                    return first;
                }
                List<Carrier> all = new ArrayList<>(first);
                all.addAll(second);
                return all;
            }

            @Override
            public Future<Void> takeAway(TunnelKey key, String why) {
                return Future.join(one.takeAway(key, why), other.takeAway(key, why))
                        .mapEmpty();
            }

            @Override
            public void drain() {
                one.drain();
                other.drain();
            }

            @Override
            public Map<String, String> remotes() {
                Map<String, String> all = new HashMap<>(one.remotes());
                all.putAll(other.remotes());
                return all;
            }

            @Override
            public @Nullable String remoteOf(String lane) {
                String remote = one.remoteOf(lane);
                return remote == null ? other.remoteOf(lane) : remote;
            }
        };
    }
}
