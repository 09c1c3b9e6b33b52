package dev.culvert.edge.ingress;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * Whom an address stands for where visitors are counted.
 *
 * @param key the address itself, or of IPv6 the network of 64 bits: what one household has, and can change its address in
 */
public record VisitorNetwork(Object key) {
    public static VisitorNetwork of(InetAddress address) {
        return new VisitorNetwork(
                address instanceof Inet6Address
                        ? ByteBuffer.wrap(address.getAddress()).getLong()
                        : address);
    }
}
