package dev.culvert.edge.lanes;

import dev.culvert.wire.CloseReason;
import io.netty.channel.Channel;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of agents that have not said HELLO yet, by whichever door they came. Their time is limited elsewhere; here
 * is how many there may be. An agent is through within a few round trips, so the one that has waited longest is the one
 * to go. Safe for use by any thread.
 */
final class Newcomers {
    /**
     * Each may have sent 32 KiB of a ClientHello: 64 MiB together. After a restart all agents of a node come back within
     * seconds; of more than this at once, some have to dial again.
     */
    static final int MOST = 2_048;

    private static final Logger LOGGER = LoggerFactory.getLogger(Newcomers.class);

    private final CloseCounts closes;
    private final Quiet quiet = new Quiet();
    private final Set<Channel> waiting = new LinkedHashSet<>();

    /**
     * None yet.
     *
     * @param closes where those count that had to go
     */
    Newcomers(CloseCounts closes) {
        this.closes = closes;
    }

    /** Somebody came, until he is {@linkplain #remove known} or leaves. One who is here already stays where he is. */
    void add(Channel channel) {
        Channel oldest = null;
        synchronized (waiting) {
            if (!waiting.add(channel)) {
                return;
            }
            if (waiting.size() > MOST) {
                Iterator<Channel> eldestFirst = waiting.iterator();
                oldest = eldestFirst.next();
                eldestFirst.remove();
            }
        }
        channel.closeFuture().addListener(closed -> remove(channel));
        if (oldest != null) {
            closes.add(CloseReason.OVERLOADED);
            LOGGER.atLevel(quiet.next())
                    .addKeyValue("remote", oldest.remoteAddress())
                    .addKeyValue("total", closes.of(CloseReason.OVERLOADED))
                    .log("too many connections for lanes that say nothing; the oldest closed");
            oldest.close();
        }
    }

    void remove(Channel channel) {
        synchronized (waiting) {
            waiting.remove(channel);
        }
    }

    int count() {
        synchronized (waiting) {
            return waiting.size();
        }
    }
}
