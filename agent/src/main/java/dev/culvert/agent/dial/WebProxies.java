package dev.culvert.agent.dial;

import dev.culvert.agent.target.HostPort;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The proxies of an agent's network, as the variables say that most programs know: {@code HTTPS_PROXY} or
 * {@code ALL_PROXY} for what is encrypted, and {@code NO_PROXY} for what needs none. Each may be written in small letters,
 * which come first.
 *
 * @param variables of the environment; read when an edge is asked for
 */
public record WebProxies(Map<String, String> variables) {
    /** None. */
    public static final WebProxies NONE = new WebProxies(Map.of());

    public WebProxies {
        variables = Map.copyOf(variables);
    }

    /** Those of this process. */
    public static WebProxies ofProcess() {
        return new WebProxies(System.getenv());
    }

    /**
     * The proxy on the way to an edge. Plain lanes go straight, and so do those to this machine.
     *
     * @throws IllegalArgumentException when a variable makes no sense; its message is for people
     */
    public Optional<WebProxy> to(EdgeAddress edge) {
        if (edge.isPlain() || edge.hostPort().isLoopback() || isExcepted(edge.hostPort())) {
            return Optional.empty();
        }
        return Stream.of("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
                .filter(name -> !value(name).isEmpty())
                .findFirst()
                .map(name -> WebProxy.parse(name, value(name)));
    }

    private boolean isExcepted(HostPort edge) {
        String list = value("no_proxy").isEmpty() ? value("NO_PROXY") : value("no_proxy");
        return Stream.of(list.split("[,\\s]+")).anyMatch(entry -> covers(entry.toLowerCase(Locale.ROOT), edge));
    }

    /** {@code *}, a host with all below it, an address, a network, each with a port or without. */
    private static boolean covers(String entry, HostPort edge) {
        if (entry.equals("*")) {
            return true;
        }
        if (entry.contains("/")) {
            return isIn(entry, edge);
        }
        boolean bareIpv6 = NetUtil.isValidIpV6Address(entry);
        int colon = bareIpv6 ? -1 : entry.lastIndexOf(':');
        if (colon > entry.indexOf(']')) {
            if (!entry.substring(colon + 1).equals(Integer.toString(edge.port()))) {
                return false;
            }
            entry = entry.substring(0, colon);
        }
        String host = entry.replaceAll("^\\*?\\.|^\\[|\\]$", "");
        return !host.isEmpty() && (edge.host().equals(host) || edge.host().endsWith("." + host));
    }

    private static boolean isIn(String network, HostPort edge) {
        int slash = network.indexOf('/');
        try {
            return isAddress(edge.host())
                    && isAddress(network.substring(0, slash)) // Else it would be looked up.
                    && new IpSubnetFilterRule(
                                    network.substring(0, slash),
                                    Integer.parseInt(network.substring(slash + 1)),
                                    IpFilterRuleType.ACCEPT)
                            .matches(new InetSocketAddress(edge.host(), edge.port()));
        } catch (RuntimeException e) {
            return false; // Other programs skip what they do not understand, too.
        }
    }

    private static boolean isAddress(String text) {
        return NetUtil.createByteArrayFromIpAddressString(text) != null;
    }

    private String value(String name) {
        return variables.getOrDefault(name, "").strip();
    }

    /** Without the proxies' credentials. */
    @Override
    public String toString() {
        return "WebProxies[***]";
    }
}
