package dev.culvert.agent.target;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Whether a target is told the visitor's address before the visitor's first byte, and how: in a line of text (v1) or in
 * binary (v2) of the PROXY protocol. A target that does not expect it takes it for what the visitor says.
 */
public enum ProxyProtocol {
    OFF,
    V1,
    V2;

    /** Reads {@code off}, {@code v1} or {@code v2}; the exception's message is for the person who wrote it. */
    public static ProxyProtocol parse(String text) {
        return switch (text) {
            case "off", "false" -> OFF; // YAML takes a bare off for false.
            case "v1" -> V1;
            case "v2" -> V2;
            default -> throw new IllegalArgumentException("must be off, v1 or v2, was " + text);
        };
    }

    /**
     * What goes before the visitor's bytes.
     *
     * @param visitor the visitor's address, {@code host:port}
     * @param reached where the visitor connected to; empty, as older edges leave it, is told as the address of nowhere
     * @return the caller's to release; without an address of the visitor's the header says that it is not known
     */
    ByteBuf header(String visitor, String reached) {
        if (this == V1 && address(visitor).isEmpty()) {
            // Netty's encoder of the first version knows no visitors without an address.
            return Unpooled.copiedBuffer("PROXY UNKNOWN\r\n", StandardCharsets.US_ASCII);
        }
        EmbeddedChannel encoder = new EmbeddedChannel(HAProxyMessageEncoder.INSTANCE);
        try {
            encoder.writeOutbound(message(visitor, reached));
            return encoder.readOutbound();
        } finally {
            encoder.finishAndReleaseAll();
        }
    }

    private HAProxyMessage message(String visitor, String reached) {
        HAProxyProtocolVersion version = this == V1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2;
        Optional<InetSocketAddress> from = address(visitor);
        if (from.isEmpty()) {
            return new HAProxyMessage(version, HAProxyCommand.PROXY, HAProxyProxiedProtocol.UNKNOWN, null, null, 0, 0);
        }
        InetAddress source = from.get().getAddress();
        Optional<InetSocketAddress> to = address(reached);
        boolean four = source instanceof Inet4Address
                && to.map(InetSocketAddress::getAddress)
                        .map(Inet4Address.class::isInstance)
                        .orElse(true);
        String nowhere = four ? "0.0.0.0" : "::";
        return new HAProxyMessage(
                version,
                HAProxyCommand.PROXY,
                four ? HAProxyProxiedProtocol.TCP4 : HAProxyProxiedProtocol.TCP6,
                text(source, four),
                to.map(address -> text(address.getAddress(), four)).orElse(nowhere),
                from.get().getPort(),
                to.map(InetSocketAddress::getPort).orElse(0));
    }

    /** Both addresses are of one family: where they are not, the older one is written as the newer. */
    private static String text(InetAddress address, boolean four) {
        if (four || address instanceof Inet6Address) {
            return NetUtil.toAddressString(address);
        }
        return "::ffff:" + NetUtil.toAddressString(address);
    }

    private static Optional<InetSocketAddress> address(String hostPort) {
        try {
            HostPort parsed = HostPort.parse(hostPort);
            InetAddress address = NetUtil.createInetAddressFromIpAddressString(parsed.host());
            return Optional.ofNullable(address).map(known -> new InetSocketAddress(known, parsed.port()));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // Nothing an edge says; told as not known.
        }
    }
}
