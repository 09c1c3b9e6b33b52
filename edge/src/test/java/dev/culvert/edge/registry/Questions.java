package dev.culvert.edge.registry;

import com.hazelcast.map.MapInterceptorAdaptor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Counts what a map is asked for, where it is asked. Hazelcast's own statistics are written a moment too late. */
final class Questions extends MapInterceptorAdaptor {
    /** Static, because Hazelcast works on copies. */
    private static final AtomicInteger ASKED = new AtomicInteger();

    static int asked() {
        return ASKED.get();
    }

    @Override
    public @Nullable Object interceptGet(@Nullable Object value) {
        ASKED.incrementAndGet();
        return super.interceptGet(value);
    }
}
