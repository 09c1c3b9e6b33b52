package dev.culvert.edge.registry;

import com.hazelcast.partition.PartitionService;
import com.hazelcast.query.Predicate;
import com.hazelcast.query.Predicates;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parts of Hazelcast's map, as predicates that take everything in one of them. Who reads the whole map at once has
 * every name in memory three times over, and with very many names the collector then stops a node for longer than the
 * others believe that it lives ({@code docs/performance.md}). And a question about one part that is just being moved is
 * asked again by Hazelcast, without the rest.
 */
final class MapParts implements Iterable<Predicate<String, StoredTunnel>> {
    private final Map<Integer, String> keys = new LinkedHashMap<>();

    MapParts(PartitionService partitions) {
        int all = partitions.getPartitions().size();
        for (int i = 0; keys.size() < all; i++) { // A few thousand texts, some milliseconds.
            String key = "part-" + i;
            keys.putIfAbsent(partitions.getPartition(key).getPartitionId(), key);
        }
    }

    @Override
    public Iterator<Predicate<String, StoredTunnel>> iterator() {
        return keys.values().stream()
                .<Predicate<String, StoredTunnel>>map(
                        key -> Predicates.partitionPredicate(key, Predicates.alwaysTrue()))
                .iterator();
    }
}
