package dev.culvert.edge.registry;

import com.hazelcast.map.MapInterceptor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Counts what a map is asked for, where it is asked. Hazelcast's own statistics are written a moment too late. */
@SuppressWarnings("NullAway") // In Hazelcast, null leaves a value as it is.
final class Questions implements MapInterceptor {
    /** Static, because Hazelcast works on copies. */
    private static final AtomicInteger ASKED = new AtomicInteger();

    static int asked() {
        return ASKED.get();
    }

    @Override
    public @Nullable Object interceptGet(@Nullable Object value) {
        ASKED.incrementAndGet();
        return null;
    }

    @Override
    public void afterGet(@Nullable Object value) {}

    @Override
    public @Nullable Object interceptPut(@Nullable Object before, @Nullable Object after) {
        return null;
    }

    @Override
    public void afterPut(@Nullable Object value) {}

    @Override
    public @Nullable Object interceptRemove(@Nullable Object value) {
        return null;
    }

    @Override
    public void afterRemove(@Nullable Object value) {}
}
