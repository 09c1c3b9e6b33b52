package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Pings a lane, measures its round trip, and ends it when the peer is silent. Runs on the lane's event loop. */
final class KeepAlive {
    private final Lane lane;
    private final LaneOptions options;
    private @Nullable ScheduledFuture<?> ticks;
    private long lastReceivedNanos;
    private long lastTickNanos;
    private long lastPingNanos;
    private long roundTripNanos;

    KeepAlive(Lane lane, LaneOptions options) {
        this.lane = lane;
        this.options = options;
    }

    /** A peer that has said nothing for so long is gone: two and a half ping intervals, so that one may be lost. */
    static Duration longestSilence(LaneOptions options) {
        return options.pingInterval().multipliedBy(5).dividedBy(2);
    }

    void start() {
        lastReceivedNanos = System.nanoTime();
        lastTickNanos = lastReceivedNanos;
        ping(lastReceivedNanos);
        long tickNanos = options.pingInterval().toNanos() / 2;
        ticks = lane.eventLoop().scheduleAtFixedRate(this::tick, tickNanos, tickNanos, TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (ticks != null) {
            ticks.cancel(false);
        }
    }

    void received(Frame frame) {
        lastReceivedNanos = System.nanoTime();
        if (frame instanceof Frame.Ping ping) {
            lane.write(new Frame.Pong(ping.token()));
        } else if (frame instanceof Frame.Pong pong && pong.token() == lastPingNanos) {
            measured(lastReceivedNanos - lastPingNanos);
        }
    }

    /** When the last frame came; later by as long as this process stood still since. */
    long lastReceivedNanos() {
        return lastReceivedNanos;
    }

    /** The lane's smoothed round trip; 0 while it is not known. */
    long roundTripNanos() {
        return roundTripNanos;
    }

    private void measured(long nanos) {
        // Queues only ever add to it: believe a shorter one at once and a longer one slowly.
        boolean shorter = roundTripNanos == 0 || nanos < roundTripNanos;
        roundTripNanos = shorter ? nanos : roundTripNanos + (nanos - roundTripNanos) / 8;
    }

    private void tick() {
        long now = System.nanoTime();
        long lateNanos = now - lastTickNanos - options.pingInterval().toNanos() / 2;
        lastTickNanos = now;
        if (lateNanos > 0) {
            // This process stood still, and what the peer said meanwhile may still wait to be read.
            lastReceivedNanos += lateNanos;
        }
        if (now - lastReceivedNanos > longestSilence(options).toNanos()) {
            lane.close(
                    CloseReason.SILENT, "nothing was heard for %d ms".formatted((now - lastReceivedNanos) / 1_000_000));
        } else if (now - lastPingNanos >= options.pingInterval().toNanos()) {
            ping(now);
        }
    }

    private void ping(long now) {
        lastPingNanos = now;
        lane.write(new Frame.Ping(now));
    }
}
