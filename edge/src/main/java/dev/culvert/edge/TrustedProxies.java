package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The peers whose word about visitors is taken: networks in CIDR notation. */
public record TrustedProxies(List<Network> networks) implements Predicate<InetAddress> {
    /** Nobody's. */
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    public TrustedProxies {
        networks = List.copyOf(networks);
    }

    /**
     * Reads networks with commas between them: {@code 10.0.0.0/8,fd00::/8}; an address alone is itself.
     *
     * @throws ConfigException about the first that is none, without the name of the option
     */
    public static TrustedProxies parse(String text) {
        List<Network> networks = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            networks.add(Network.parse(one.strip()));
        }
        return new TrustedProxies(networks);
    }

    @Override
    public boolean test(InetAddress peer) {
        return networks.stream().anyMatch(network -> network.has(peer));
    }

    @Override
    public String toString() {
        return networks.stream().map(Network::text).collect(Collectors.joining(","));
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
            List<Byte> prefix = new ArrayList<>(bytes.length);
            for (byte b : bytes) {
                prefix.add(b);
            }
            return new Network(text, prefix, bits);
        }

        boolean has(InetAddress peer) {
            byte[] bytes = peer.getAddress();
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
