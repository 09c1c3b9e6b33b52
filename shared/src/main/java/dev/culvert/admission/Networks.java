package dev.culvert.admission;

import dev.culvert.config.ConfigException;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Networks in CIDR notation, none or some. Those that were written in two ways are equal.
 *
 * @param all in the order in which they were written
 */
public record Networks(List<Network> all) implements Predicate<InetAddress> {
    /** Has no address. */
    public static final Networks NONE = new Networks(List.of());

    public Networks {
        all = List.copyOf(all);
    }

    /**
     * Reads networks with commas between them: {@code 10.0.0.0/8,fd00::/8}; an address alone is itself.
     *
     * @throws ConfigException about the first that is none, in words for whoever wrote it
     */
    public static Networks parse(String text) {
        return of(Arrays.asList(text.split(",", -1)));
    }

    /**
     * Reads networks, each a text of its own.
     *
     * @throws ConfigException as {@link #parse} does
     */
    public static Networks of(List<String> texts) {
        return new Networks(
                texts.stream().map(String::strip).map(Network::parse).toList());
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Whether the address is in one of them. */
    @Override
    public boolean test(InetAddress address) {
        for (Network network : all) {
            if (network.has(address)) {
                return true;
            }
        }
        return false;
    }

    /** Each as {@link #of} reads it. */
    public List<String> texts() {
        return all.stream().map(Network::toString).toList();
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return all.stream().map(Network::toString).collect(Collectors.joining(","));
    }

    /**
     * A network.
     *
     * @param prefix 4 or 16 bytes, 0 where they do not count; of IPv4 addresses that are written as IPv6 the 4
     * @param bits how many of the prefix's bits count
     */
    public record Network(List<Byte> prefix, int bits) {
        /** Most characters of a text: IPv6 with its last part as IPv4, and three digits of length. */
        private static final int MOST_CHARS = 49;

        /** Before an IPv4 address that is written as IPv6: {@code ::ffff:}. */
        private static final int MAPPED_BITS = 96;

        public Network {
            prefix = List.copyOf(prefix);
        }

        static Network parse(String text) {
            int slash = text.indexOf('/');
            // What stands behind % is a link of one machine's, or anything at all.
            byte[] bytes = text.length() > MOST_CHARS || text.contains("%")
                    ? null
                    : NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
            String length = slash < 0 ? "" : text.substring(slash + 1);
            if (bytes == null || (slash >= 0 && !length.matches("\\d{1,3}"))) {
                throw notANetwork(text);
            }
            int bits = slash < 0 ? bytes.length * 8 : Integer.parseInt(length);
            if (bits > bytes.length * 8) {
                throw notANetwork(text);
            }
            byte[] address = address(bytes).getAddress(); // Java makes 4 bytes of an IPv4 address that is mapped.
            boolean mapped = address.length < bytes.length;
            if (mapped && bits < MAPPED_BITS) {
                throw notANetwork(text);
            }
            return of(address, mapped ? bits - MAPPED_BITS : bits);
        }

        private static Network of(byte[] address, int bits) {
            return new Network(
                    IntStream.range(0, address.length)
                            .mapToObj(at -> (byte) (address[at] & mask(bits, at * 8)))
                            .toList(),
                    bits);
        }

        boolean has(InetAddress address) {
            byte[] bytes = address.getAddress();
            if (bytes.length != prefix.size()) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += 8) {
                if (((bytes[bit / 8] ^ prefix.get(bit / 8)) & mask(bits, bit)) != 0) {
                    return false;
                }
            }
            return true;
        }

        /** The bits that count of the byte that begins at this bit. */
        private static int mask(int bits, int first) {
            int counting = Math.max(0, Math.min(8, bits - first));
            return 0xFF << (8 - counting) & 0xFF;
        }

        private static InetAddress address(byte[] bytes) {
            try {
                return InetAddress.getByAddress(bytes);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("neither 4 nor 16 bytes", e);
            }
        }

        @Override
        public String toString() {
            byte[] bytes = new byte[prefix.size()];
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = prefix.get(at);
            }
            String address = NetUtil.toAddressString(address(bytes));
            return bits == bytes.length * 8 ? address : address + "/" + bits;
        }

        private static ConfigException notANetwork(String text) {
            return new ConfigException(
                    "must be networks like 10.0.0.0/8 or fd00::/8 with commas between them, found '%s'"
                            .formatted(text.length() > MOST_CHARS ? text.substring(0, MOST_CHARS) + "…" : text));
        }
    }
}
