package dev.culvert.edge.acme;

import dev.culvert.names.HostName;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The edge's domain where its DNS can be written: authorities give a wildcard to nobody else, and with it all names directly under the
 * domain have their certificate before there is a tunnel.
 *
 * @param program what writes
 */
record DomainByDns(String domain, DnsProgram program) {
    /** Whether that proves to the authority that the host is ours. */
    boolean proves(String host) {
        return host.equals(domain) || host.equals(wildcard());
    }

    /** What to order so that the hosts are served: those elsewhere, and always domain and wildcard, one record at a time. */
    Set<String> toOrder(Collection<String> hosts) {
        Set<String> all = new HashSet<>(Set.of(domain, wildcard()));
        hosts.stream()
                .filter(host -> HostName.labelUnder(host, domain).isEmpty())
                .forEach(all::add);
        return all;
    }

    private String wildcard() {
        return OrderedCertificate.WILDCARD + domain;
    }
}
