package dev.culvert.testkit;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class that leaks a buffer: {@code @ExtendWith(LeakFree.class)}. Netty finds a leak when the garbage
 * collector has taken a buffer that nobody released; so the collector is run after the class. Needs leak detection on
 * paranoid, as the tests' JVM has it, or not every buffer is looked at.
 */
public final class LeakFree implements BeforeAllCallback, AfterAllCallback {
    /** How long the garbage collector may take to see it: it is asked and may still refuse. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

    @Override
    public void beforeAll(ExtensionContext context) {
        ByteBufUtil.setLeakListener((type, records) -> LEAKS.add(records));
        leaksSoFar(); // Of classes before, which are not asked about.
    }

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = leaksSoFar();
        if (!leaks.isEmpty()) {
            throw new AssertionError("%d buffers leaked, the first: %s".formatted(leaks.size(), leaks.get(0)));
        }
    }

    /** The leaks found since this was last asked. */
    public static List<String> leaksSoFar() {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new AssertionError("leak detection must be on paranoid, is on " + ResourceLeakDetector.getLevel());
        }
        // What the first collection took is with Netty for certain when the second one's has come to us.
        collect();
        collect();
        ByteBufAllocator.DEFAULT.directBuffer(1).release(); // Netty looks when something is allocated.
        List<String> leaks = new ArrayList<>();
        for (String records = LEAKS.poll(); records != null; records = LEAKS.poll()) {
            leaks.add(records);
        }
        return leaks;
    }

    /** Runs the garbage collector, and waits until it has taken something. */
    private static void collect() {
        ReferenceQueue<Object> taken = new ReferenceQueue<>();
        WeakReference<Object> canary = new WeakReference<>(new Object(), taken);
        System.gc();
        try {
            if (taken.remove(PATIENCE.toMillis()) != canary) {
                throw new AssertionError("the garbage collector took nothing in " + PATIENCE);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
