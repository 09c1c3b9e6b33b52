package dev.culvert.agent;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The names and ports that tunnels of one agent have or ask for, each until its tunnel ends: two to the same target must not
 * remember the same one.
 *
 * <p>Safe for use by any thread: what is remembered is read on one that may block, and the tunnel may end meanwhile.
 */
final class OwnNames {
    private final Map<Integer, Entry> entries = new HashMap<>();

    /**
     * What a tunnel has.
     *
     * @param purpose what its name is remembered for: its target, and which of several tunnels to it in the order of opening
     */
    private record Entry(TunnelOptions wanted, String purpose, Set<String> names) {
        boolean isPort() {
            return wanted.kind() == TunnelOptions.Kind.TCP;
        }
    }

    /**
     * Takes in a tunnel, and reserves the name that it asks for.
     *
     * @return false when another tunnel has that name
     */
    synchronized boolean enter(int tunnel, TunnelOptions wanted) {
        String asked = wanted.wanted();
        if (asked != null && isTaken(wanted.kind(), asked)) {
            return false;
        }
        Entry entry = new Entry(wanted, freePurpose(wanted), new HashSet<>());
        if (asked != null) {
            entry.names().add(asked);
        }
        entries.put(tunnel, entry);
        return true;
    }

    /**
     * Reserves a name that is remembered for a tunnel.
     *
     * @return false when another tunnel has it, or this one has ended
     */
    synchronized boolean reserve(int tunnel, String name) {
        Entry entry = entries.get(tunnel);
        return entry != null
                && !isTaken(entry.wanted().kind(), name)
                && entry.names().add(name);
    }

    /** The edge has given the tunnel this name. */
    synchronized void granted(int tunnel, String name) {
        entry(tunnel).names().add(name);
    }

    /** The tunnel goes on without this name. */
    synchronized void drop(int tunnel, String name) {
        entry(tunnel).names().remove(name);
    }

    /** The tunnel has ended. */
    synchronized void release(int tunnel) {
        entries.remove(tunnel);
    }

    /** What the tunnel's name is remembered for. */
    synchronized String purposeFor(int tunnel) {
        return entry(tunnel).purpose();
    }

    /** The names that tunnels of this kind must not have any more, or the ports. */
    synchronized Set<String> taken(TunnelOptions.Kind kind) {
        return names(kind).collect(Collectors.toUnmodifiableSet());
    }

    private boolean isTaken(TunnelOptions.Kind kind, String name) {
        return names(kind).anyMatch(name::equals);
    }

    private Stream<String> names(TunnelOptions.Kind kind) {
        boolean ports = kind == TunnelOptions.Kind.TCP;
        return entries.values().stream()
                .filter(entry -> entry.isPort() == ports)
                .flatMap(entry -> entry.names().stream());
    }

    private String freePurpose(TunnelOptions wanted) {
        String purpose = wanted.targetName();
        for (int number = 2; wanted.wanted() == null && isPurpose(wanted.kind(), purpose); number++) {
            purpose = wanted.targetName() + " " + number;
        }
        return purpose;
    }

    private boolean isPurpose(TunnelOptions.Kind kind, String purpose) {
        return entries.values().stream()
                .anyMatch(entry -> entry.wanted().kind() == kind
                        && entry.wanted().wanted() == null
                        && entry.purpose().equals(purpose));
    }

    private Entry entry(int tunnel) {
        Entry entry = entries.get(tunnel);
        if (entry == null) {
            throw new IllegalStateException("tunnel %d has ended".formatted(tunnel));
        }
        return entry;
    }
}
