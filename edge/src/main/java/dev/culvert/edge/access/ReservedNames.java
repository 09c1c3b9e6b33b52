package dev.culvert.edge.access;

import dev.culvert.names.HostName;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Names that are kept for certain owners: nobody else gets them, whatever their patterns allow. One whose own patterns have
 * the name literally gets it too, because an operator has written that as well.
 *
 * @param owners whose they are, by the names: labels under the edge's domain, whole host names, or {@code tcp:2222}
 */
public record ReservedNames(Map<String, Set<String>> owners) {
    /** Every name is for everybody who is allowed it. */
    public static final ReservedNames NONE = new ReservedNames(Map.of());

    public ReservedNames {
        owners = Map.copyOf(owners);
    }

    /** What stands in these lines literally, for their owners. */
    static ReservedNames of(Collection<TokenLine> lines) {
        Map<String, Set<String>> owners = new HashMap<>();
        for (TokenLine line : lines) {
            line.names().literal().forEach(name -> owners.computeIfAbsent(name, first -> new HashSet<>())
                    .add(line.owner()));
        }
        return new ReservedNames(owners);
    }

    /**
     * Whether the host is for others.
     *
     * @param host normalised, and whole
     * @param domain the edge's domain, normalised
     */
    public boolean keepHostFrom(Identity identity, String host, String domain) {
        return keepFrom(
                identity,
                HostName.labelUnder(host, domain)
                        .map(label -> List.of(host, label))
                        .orElse(List.of(host)));
    }

    /** Whether the port for raw TCP is for others. */
    public boolean keepPortFrom(Identity identity, int port) {
        return keepFrom(identity, List.of(NamePatterns.ofPort(port)));
    }

    /** Of one name, which may be written in several ways. */
    private boolean keepFrom(Identity identity, List<String> spellings) {
        if (spellings.stream().noneMatch(owners::containsKey)) {
            return false;
        }
        Set<String> own = identity.names().literal();
        return spellings.stream()
                .noneMatch(name -> own.contains(name)
                        || owners.getOrDefault(name, Set.of()).contains(identity.owner()));
    }
}
