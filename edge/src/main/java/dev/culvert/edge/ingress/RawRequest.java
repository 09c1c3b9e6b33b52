package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.wire.StreamRequest;
import java.net.InetSocketAddress;

/**
 * What a visitor wants whose bytes are carried untouched.
 *
 * @param key the tunnel, by the port that was reached or the name in the ClientHello; it need not exist
 * @param kind {@link StreamRequest.Kind#TCP} or {@link StreamRequest.Kind#TLS}; a tunnel of another kind is none
 * @param visitor where the visitor comes from; what a trusted proxy says where there is one
 * @param reached the address and port that the visitor connected to; likewise
 */
record RawRequest(TunnelKey key, StreamRequest.Kind kind, InetSocketAddress visitor, InetSocketAddress reached) {}
