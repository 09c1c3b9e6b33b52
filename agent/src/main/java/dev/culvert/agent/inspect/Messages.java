package dev.culvert.agent.inspect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The latest messages of a WebSocket. In the hands of its {@link Recording}. */
final class Messages {
    /** Messages that are kept: a screen or two of what is going on. */
    static final int MOST = 500;

    /** Bytes that they hold together: a sixteenth of what all recordings may. */
    static final int MOST_BYTES = 1024 * 1024;

    private final Deque<WebSocketMessage> kept = new ArrayDeque<>();
    private long passed;
    private int size;
    private boolean unreadable;

    /**
     * Adds some, and drops the earliest where there are too many.
     *
     * @param more how many passed, of which these are the last
     * @return by how many bytes they grew; negative where more was dropped
     */
    int add(List<WebSocketMessage> latest, long more) {
        int before = size;
        kept.addAll(latest);
        passed += more;
        size += latest.stream().mapToInt(WebSocketMessage::size).sum();
        while (kept.size() > MOST || size > MOST_BYTES) {
            size -= kept.remove().size();
        }
        return size - before;
    }

    /** Of one direction no more can be told. */
    void becomeUnreadable() {
        unreadable = true;
    }

    boolean isUnreadable() {
        return unreadable;
    }

    /** How many there were; also the number of the latest. */
    long passed() {
        return passed;
    }

    /** Those that are kept, the earliest first. */
    List<WebSocketMessage> kept() {
        return List.copyOf(kept);
    }

    /** Those behind a number, the earliest first; the first one of all has number 1. */
    List<WebSocketMessage> after(long number) {
        List<WebSocketMessage> all = new ArrayList<>(kept);
        long dropped = passed - all.size();
        return all.subList((int) Math.max(0, Math.min(number - dropped, all.size())), all.size());
    }
}
