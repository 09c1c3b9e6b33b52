package dev.culvert.edge.registry;

import com.hazelcast.core.EntryEvent;
import com.hazelcast.map.MapEvent;
import com.hazelcast.map.listener.EntryAddedListener;
import com.hazelcast.map.listener.EntryMergedListener;
import com.hazelcast.map.listener.EntryRemovedListener;
import com.hazelcast.map.listener.EntryUpdatedListener;
import com.hazelcast.map.listener.MapClearedListener;

/** Tells the registry what happens to the map, on any node. Runs on Hazelcast's event threads, in order for each key. */
final class MapEvents
        implements EntryAddedListener<String, StoredTunnel>,
                EntryUpdatedListener<String, StoredTunnel>,
                EntryMergedListener<String, StoredTunnel>,
                EntryRemovedListener<String, StoredTunnel>,
                MapClearedListener {
    private final HazelcastRegistry registry;
    private final Upkeep upkeep;

    MapEvents(HazelcastRegistry registry, Upkeep upkeep) {
        this.registry = registry;
        this.upkeep = upkeep;
    }

    @Override
    public void entryAdded(EntryEvent<String, StoredTunnel> event) {
        registry.seen(event.getValue());
    }

    @Override
    public void entryUpdated(EntryEvent<String, StoredTunnel> event) {
        registry.seen(event.getValue());
    }

    @Override
    public void entryMerged(EntryEvent<String, StoredTunnel> event) {
        registry.seen(event.getValue());
    }

    @Override
    public void entryRemoved(EntryEvent<String, StoredTunnel> event) {
        registry.gone(event.getOldValue());
    }

    @Override
    public void mapCleared(MapEvent event) {
        upkeep.again();
    }
}
