package dev.culvert.edge.ingress;

import dev.culvert.edge.tls.Certificates;
import org.jspecify.annotations.Nullable;

/**
 * A port for TLS.
 *
 * @param certificates for what ends here; null where all TLS is passed through to targets
 */
record TlsPort(@Nullable Certificates certificates) {}
