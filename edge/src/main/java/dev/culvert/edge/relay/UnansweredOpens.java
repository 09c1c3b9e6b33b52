package dev.culvert.edge.relay;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The streams whose OPEN the other node has not acknowledged yet. Owned by the link's event loop. */
final class UnansweredOpens {
    private final ArrayDeque<Sent> sent = new ArrayDeque<>();
    private int lastAcknowledgedStreamId;

    /** An OPEN that went out. */
    private record Sent(long sequence, int streamId, long atNanos) {}

    void add(long sequence, int streamId, long nowNanos) {
        sent.add(new Sent(sequence, streamId, nowNanos));
    }

    /** All messages up to the sequence have arrived. */
    void acknowledged(long sequence) {
        for (Sent first = sent.peek(); first != null && first.sequence <= sequence; first = sent.peek()) {
            lastAcknowledgedStreamId = first.streamId;
            sent.remove();
        }
    }

    /** The last stream that was opened with a message before the sequence; 0 when there is none. */
    int lastStreamBefore(long sequence) {
        int last = lastAcknowledgedStreamId;
        for (Sent open : sent) {
            if (open.sequence < sequence) {
                last = open.streamId;
            }
        }
        return last;
    }

    /** Takes out the streams that were opened so long ago. */
    List<Integer> takeOlderThan(long nanos) {
        List<Integer> old = new ArrayList<>();
        for (Sent first = sent.peek(); first != null && nanos - first.atNanos >= 0; first = sent.peek()) {
            old.add(first.streamId);
            // It may have arrived: it must not be taken for one that has not.
            lastAcknowledgedStreamId = first.streamId;
            sent.remove();
        }
        return old;
    }

    /** When the oldest was opened; {@code ifNone} when there is none. */
    long oldestNanos(long ifNone) {
        Sent first = sent.peek();
        return first == null ? ifNone : first.atNanos;
    }

    boolean isEmpty() {
        return sent.isEmpty();
    }

    void clear() {
        sent.clear();
    }
}
