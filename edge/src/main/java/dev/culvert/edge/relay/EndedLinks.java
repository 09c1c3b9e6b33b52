package dev.culvert.edge.relay;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far links were read that have ended: the other node, which may write on for a moment, is told with each refusal, should
 * what it was told at the end be lost or come later. So it knows what was not served. On the relay's event loop.
 */
final class EndedLinks {
    /** Of the latest, of all nodes together: what is still under way belongs to the last link of each. */
    private static final int MOST = 64;

    private final Map<Name, Long> lastRead = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Name, Long> eldest) {
            return size() > MOST;
        }
    };

    /** A link, by the other node and the number that it has there. */
    record Name(String peer, int peerEpoch) {}

    void add(Link link) {
        if (!link.isUnanswered()) {
            lastRead.put(link.name(), link.lastRead());
        }
    }

    /** The last message that was read of the link that this one is of; {@link LinkMessage#UNKNOWN} for one that is not known. */
    long lastRead(LinkMessage message) {
        return lastRead.getOrDefault(new Name(message.sender(), message.senderEpoch()), LinkMessage.UNKNOWN);
    }
}
