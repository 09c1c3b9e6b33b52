package dev.culvert.edge.localtunnel;

import dev.culvert.config.PortRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Which numbers of a range are free. Those that nobody has had yet come first, beginning anywhere, and then those that were
 * given back longest ago: a client that does not know yet that its port is another's would join that one's. Safe for use by
 * any thread.
 */
final class PortNumbers {
    private final PortRange range;
    private final Set<Integer> taken = new HashSet<>();
    /** In the order in which they were given back. */
    private final Set<Integer> givenBack = new LinkedHashSet<>();

    PortNumbers(PortRange range) {
        this.range = range;
    }

    /** Those that may be tried, in this order; none where any port will do. A snapshot. */
    synchronized List<Integer> free() {
        List<Integer> free = new ArrayList<>();
        int begin = range.isOn() ? ThreadLocalRandom.current().nextInt(range.size()) : 0;
        for (int i = 0; i < range.size(); i++) {
            int number = range.first() + (begin + i) % range.size();
            if (!taken.contains(number) && !givenBack.contains(number)) {
                free.add(number);
            }
        }
        free.addAll(givenBack);
        return free;
    }

    /** Takes one; false when it is somebody's already. Vert.x lets two servers share a number without a word. */
    synchronized boolean take(int number) {
        givenBack.remove(number);
        return taken.add(number);
    }

    /** It is nobody's any more. */
    synchronized void giveBack(int number) {
        if (taken.remove(number) && range.contains(number)) {
            givenBack.add(number);
        }
    }
}
