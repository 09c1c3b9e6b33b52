package dev.culvert.bench;

import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * One direction of a long path: all its connections share its width, each byte is late by its delay, and now and then a
 * packet is lost. Safe for use by several threads.
 */
final class Link {
    /** What waits for the link at most, in ns of its width: what routers should have, not what bad ones do. */
    private static final long QUEUE_NANOS = 20_000_000;

    /** How much longer than a round trip the sender of a lost packet takes until that arrives, in ns. */
    private static final long RECOVERY_NANOS = 10_000_000;

    private static final double MIB = 1024 * 1024;

    private final Shape shape;
    private final Random random = new Random(1);
    private long freeNanos = System.nanoTime();
    private double bytesUntilLoss;

    /**
     * What a path is like.
     *
     * @param roundTripMillis there and back
     * @param mibPerSecond in each direction
     * @param lossEveryMib a packet is lost in so many MiB, on average; 0 for none
     */
    record Shape(int roundTripMillis, int mibPerSecond, int lossEveryMib) {
        long roundTripNanos() {
            return roundTripMillis * 1_000_000L;
        }
    }

    Link(Shape shape) {
        this.shape = shape;
        bytesUntilLoss = untilLoss();
    }

    /**
     * Sends bytes behind those that were sent before, and returns when the link has room for more.
     *
     * @return when they arrive, by {@link System#nanoTime()}
     */
    long send(int bytes) {
        long roomNanos;
        long arrivesNanos;
        synchronized (this) {
            freeNanos = Math.max(freeNanos, System.nanoTime()) + (long) (bytes * 1e9 / (shape.mibPerSecond * MIB));
            bytesUntilLoss -= bytes;
            boolean lost = bytesUntilLoss <= 0;
            if (lost) {
                bytesUntilLoss = untilLoss();
            }
            long late = shape.roundTripNanos() / 2 + (lost ? shape.roundTripNanos() + RECOVERY_NANOS : 0);
            arrivesNanos = freeNanos + late;
            roomNanos = freeNanos - QUEUE_NANOS;
        }
        for (long left = roomNanos - System.nanoTime(); left > 0; left = roomNanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return arrivesNanos;
    }

    private double untilLoss() {
        double every = shape.lossEveryMib * MIB;
        return every == 0 ? Double.POSITIVE_INFINITY : -Math.log(1 - random.nextDouble()) * every;
    }
}
