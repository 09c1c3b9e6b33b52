package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;

/** What only this machine can reach. */
final class Loopback {
    private static final String IPV6 = "::1";

    private Loopback() {}

    /** The address that an option names; {@code localhost} is 127.0.0.1. Asks no DNS. */
    static InetAddress address(String option, String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text.equals("localhost") ? "127.0.0.1" : text);
        if (bytes == null) {
            throw new ConfigException("%s must be an IP address of this machine, like 127.0.0.1 or 0.0.0.0, was %s"
                    .formatted(option, text));
        }
        return ofBytes(bytes);
    }

    /** Whether the host in a URL is this machine by its very name or address. */
    static boolean isName(String host) {
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(bare);
        return bytes == null ? bare.equals("localhost") || bare.endsWith(".localhost") : is(ofBytes(bytes));
    }

    static boolean is(InetAddress address) {
        return address.isLoopbackAddress();
    }

    /**
     * Where to listen for an address: there, and for 127.0.0.1 on {@code ::1} as well where the machine has it, because
     * that is what some clients take {@code localhost} for.
     */
    static List<String> addresses(InetAddress bind) {
        return bind.getHostAddress().equals("127.0.0.1") && hasIpv6()
                ? List.of("127.0.0.1", IPV6)
                : List.of(bind.getHostAddress());
    }

    private static boolean hasIpv6() {
        try {
            return NetworkInterface.getByInetAddress(ofBytes(NetUtil.createByteArrayFromIpAddressString(IPV6))) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    private static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("an address of 4 or 16 bytes", e);
        }
    }
}
