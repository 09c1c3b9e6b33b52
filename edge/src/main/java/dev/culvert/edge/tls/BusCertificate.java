package dev.culvert.edge.tls;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * By what a node shows the others on the event bus that it is one of them, and by what they show it.
 *
 * @param own the node's certificate, with its key
 * @param authorities who sign those of all nodes
 */
public record BusCertificate(KeyAndChain own, List<X509Certificate> authorities) {
    public BusCertificate {
        authorities = List.copyOf(authorities);
    }

    /** When the node's own ends. */
    public Instant until() {
        return own.until();
    }
}
