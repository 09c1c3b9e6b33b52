package dev.culvert.edge.registry;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * One copy of texts that come again and again. All names of an agent have the same owner, lane and instance, and all of a
 * node the same node: with a copy for each name they are most of what a name takes. Remembers a few thousand texts, the
 * latest; for any other there are several copies. Safe for use by any thread.
 */
final class SharedTexts {
    /** A power of two; with a text of 80 bytes in each place it is a third of a megabyte. */
    private static final int PLACES = 4096;

    /** Longer ones than an owner, an id or a target's address are not kept: somebody could send very long ones. */
    private static final int LONGEST = 128;

    private final AtomicReferenceArray<String> places = new AtomicReferenceArray<>(PLACES);

    /** A text equal to this one: an earlier one where that is remembered. */
    String oneOf(String text) {
        if (text.length() > LONGEST) {
            return text;
        }
        int hash = text.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        String known = places.get(place);
        if (text.equals(known)) {
            return known;
        }
        places.set(place, text);
        return text;
    }
}
