package dev.culvert.lane;

import java.time.Duration;

/**
 * How lanes between an agent and an edge behave.
 *
 * @param streamWindowBytes bytes a peer may send on a new stream before it must wait for credit; 256 KiB fill a path of
 *     10 ms at 25 MiB/s from the first byte
 * @param floorWindowBytes the same while the process is over {@code windowBudgetBytes}: what every stream is sure of,
 *     whatever the others do
 * @param maxWindowBytes how far a window may grow: 8 MiB fill a path of 100 ms at 80 MiB/s
 * @param windowBudgetBytes what all receive windows of the process may add up to beyond their floors. Together with
 *     {@code floorWindowBytes} for each stream it bounds the memory that stalled readers can hold
 * @param pingInterval how often a lane is pinged; silent for two and a half of it, it is ended
 * @param handshakeTimeout how long a peer may take to say HELLO or WELCOME
 */
public record LaneOptions(
        int streamWindowBytes,
        int floorWindowBytes,
        int maxWindowBytes,
        long windowBudgetBytes,
        Duration pingInterval,
        Duration handshakeTimeout) {

    /** What both programs use unless told otherwise. */
    public static final LaneOptions DEFAULT = new LaneOptions(
            256 * 1024, 16 * 1024, 8 * 1024 * 1024, 128L * 1024 * 1024, Duration.ofSeconds(5), Duration.ofSeconds(10));

    public LaneOptions {
        requirePositive("floorWindowBytes", floorWindowBytes);
        if (streamWindowBytes < floorWindowBytes) {
            throw new IllegalArgumentException("streamWindowBytes (%d) must be at least floorWindowBytes (%d)"
                    .formatted(streamWindowBytes, floorWindowBytes));
        }
        if (maxWindowBytes < streamWindowBytes) {
            throw new IllegalArgumentException("maxWindowBytes (%d) must be at least streamWindowBytes (%d)"
                    .formatted(maxWindowBytes, streamWindowBytes));
        }
        if (windowBudgetBytes < 0) {
            throw new IllegalArgumentException("windowBudgetBytes must not be negative, was " + windowBudgetBytes);
        }
        requirePositive("pingInterval", pingInterval.toNanos());
        requirePositive("handshakeTimeout", handshakeTimeout.toNanos());
    }

    private static void requirePositive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, was " + value);
        }
    }
}
