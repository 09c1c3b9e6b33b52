package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol.AddressFamily;
import io.netty.handler.codec.haproxy.HAProxySSLTLV;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the PROXY header (version 1 or 2) of a trusted proxy, where there is one, and lets nobody else's pass: whoever
 * forges one wants to be taken for another. From a trusted proxy it may be missing, because what such a peer says can be
 * told from a visitor's bytes by their first ones, and it may speak for its visitors in HTTP instead.
 */
final class ProxyHeader extends ByteToMessageDecoder {
    /** Fired when a header has been read, and what it says is settled. */
    static final Object READ = new Object();

    private static final byte[] TEXT = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BINARY = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

    /** Beyond the addresses: names, certificates' subjects, the balancer's own ids. */
    private static final int MAX_EXTENSION_BYTES = 4 * 1024;

    private final Ingress ingress;

    ProxyHeader(Ingress ingress) {
        this.ingress = ingress;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        int text = common(in, TEXT);
        int binary = common(in, BINARY);
        if (text == TEXT.length || binary == BINARY.length) {
            headerFound(context, in);
        } else if (text < in.readableBytes() && binary < in.readableBytes()) {
            context.pipeline().remove(this); // What was read goes on as it came.
        }
    }

    /** How many of the first bytes are those of the pattern. */
    private static int common(ByteBuf in, byte[] pattern) {
        int most = Math.min(in.readableBytes(), pattern.length);
        int same = 0;
        while (same < most && in.getByte(in.readerIndex() + same) == pattern[same]) {
            same++;
        }
        return same;
    }

    private void headerFound(ChannelHandlerContext context, ByteBuf in) {
        InetAddress peer = Arrival.of(context.channel()).visitor().getAddress();
        if (!ingress.options().trustedProxies().test(peer)) {
            in.skipBytes(in.readableBytes());
            refuse(ingress, context.channel(), DoorRefusal.PROXY_UNTRUSTED, null);
            return;
        }
        Said said = new Said(ingress);
        context.pipeline().addAfter(context.name(), null, said);
        context.pipeline().addAfter(context.name(), null, new HAProxyMessageDecoder(MAX_EXTENSION_BYTES));
        context.pipeline().remove(this);
    }

    private static void refuse(Ingress ingress, Channel channel, DoorRefusal reason, @Nullable String detail) {
        if (channel.isActive() || reason == DoorRefusal.PROXY_MALFORMED) { // Netty closes before it says why.
            ingress.traffic().doorRefusals().add(reason, Arrival.of(channel).visitor(), detail);
            channel.close();
        }
    }

    /** What the header says, once Netty's decoder has read it. */
    private static final class Said extends SimpleChannelInboundHandler<HAProxyMessage> {
        private final Ingress ingress;

        Said(Ingress ingress) {
            this.ingress = ingress;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HAProxyMessage header) {
            InetSocketAddress visitor = address(header, header.sourceAddress(), header.sourcePort());
            InetSocketAddress reached = address(header, header.destinationAddress(), header.destinationPort());
            if (visitor != null && reached != null) {
                boolean byTls = header.tlvs().stream()
                        .anyMatch(extension -> extension instanceof HAProxySSLTLV tls && tls.isPP2ClientSSL());
                Arrival.of(context.channel()).by(visitor, reached, byTls).settle(context.channel());
            } // Else the proxy speaks for itself (LOCAL), or does not know (UNKNOWN).
            context.fireUserEventTriggered(READ);
            context.pipeline().remove(this);
        }

        private static @Nullable InetSocketAddress address(HAProxyMessage header, @Nullable String text, int port) {
            AddressFamily family = header.proxiedProtocol().addressFamily();
            boolean internet = family == AddressFamily.AF_IPv4 || family == AddressFamily.AF_IPv6;
            if (header.command() != HAProxyCommand.PROXY || !internet || text == null) {
                return null;
            }
            InetAddress address = NetUtil.createInetAddressFromIpAddressString(text);
            return address == null ? null : new InetSocketAddress(address, port);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            refuse(ingress, context.channel(), DoorRefusal.PROXY_MALFORMED, cause.getMessage());
        }
    }
}
