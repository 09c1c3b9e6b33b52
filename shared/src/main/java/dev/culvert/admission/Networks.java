package dev.culvert.admission;

import dev.culvert.config.ConfigException;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Networks in CIDR notation, none or some.
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

    /** Each as it was written. */
    public List<String> texts() {
        return all.stream().map(Network::text).toList();
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return all.stream().map(Network::text).collect(Collectors.joining(","));
    }

    /**
     * A network.
     *
     * @param text as it was written
     * @param prefix 4 or 16 bytes
     * @param bits how many of the prefix's bits count
     */
    public record Network(String text, List<Byte> prefix, int bits) {
        public Network {
            prefix = List.copyOf(prefix);
        }

        static Network parse(String text) {
            int slash = text.indexOf('/');
            byte[] bytes = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
            String length = slash < 0 ? "" : text.substring(slash + 1);
            if (bytes == null || (slash >= 0 && !length.matches("\\d{1,3}"))) {
                throw notANetwork(text);
            }
            int bits = slash < 0 ? bytes.length * 8 : Integer.parseInt(length);
            if (bits > bytes.length * 8) {
                throw notANetwork(text);
            }
            Byte[] prefix = new Byte[bytes.length];
            Arrays.setAll(prefix, i -> bytes[i]);
            return new Network(text, List.of(prefix), bits);
        }

        boolean has(InetAddress address) {
            byte[] bytes = address.getAddress();
            if (bytes.length != prefix.size()) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += 8) {
                int mask = bits - bit >= 8 ? 0xFF : 0xFF << (8 - (bits - bit)) & 0xFF;
                if (((bytes[bit / 8] ^ prefix.get(bit / 8)) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }

        private static ConfigException notANetwork(String text) {
            return new ConfigException(
                    "must be networks like 10.0.0.0/8 or fd00::/8 with commas between them, found '%s'"
                            .formatted(text));
        }
    }
}
