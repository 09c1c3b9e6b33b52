package dev.culvert.agent;

import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.agent.target.HostPort;
import dev.culvert.agent.target.Target;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * Refuses a target that is the edge itself: each visitor would come back as a new one, without end. Knows the edge by
 * the address that the agent dials and by the URL that it is given; an edge behind other names or at other ports it
 * cannot know. Requests that come back to it again and again the edge finds by a mark of its own.
 */
final class LoopGuard {
    private final EdgeAddress edge;
    private final Target target;

    LoopGuard(EdgeAddress edge, Target target) {
        this.edge = edge;
        this.target = target;
    }

    /** Why the target cannot be, before anything is dialed. */
    Optional<String> refusal() {
        HostPort at = target.hostPort();
        if (at == null || at.port() != edge.hostPort().port() || !isSameHost(at, edge.hostPort())) {
            return Optional.empty();
        }
        return Optional.of(sentence("it is the port at which the edge takes agents in"));
    }

    /** Why it cannot be, once the edge has said where visitors find the tunnel. */
    Optional<String> refusal(String url) {
        HostPort at = target.hostPort();
        Optional<HostPort> visitors = publicAddress(url);
        if (at == null || visitors.isEmpty() || visitors.get().port() != at.port()) {
            return Optional.empty();
        }
        boolean publicName = at.host().equals(visitors.get().host());
        boolean edgesPort = isSameHost(at, edge.hostPort());
        return publicName || edgesPort
                ? Optional.of(sentence("visitors of %s would arrive there and come back here".formatted(url)))
                : Optional.empty();
    }

    private String sentence(String why) {
        return "%s is the edge itself (%s): name the port of your own application".formatted(target.name(), why);
    }

    private static Optional<HostPort> publicAddress(String url) {
        try {
            URI uri = URI.create(url);
            int defaultPort = "https".equals(uri.getScheme()) ? 443 : 80;
            return Optional.of(new HostPort(uri.getHost(), uri.getPort() < 0 ? defaultPort : uri.getPort()));
        } catch (IllegalArgumentException | NullPointerException e) {
            return Optional.empty();
        }
    }

    private static boolean isSameHost(HostPort one, HostPort other) {
        return one.host().equals(other.host()) || (isThisMachine(one) && isThisMachine(other));
    }

    /** Only asked when the ports are equal. Names are not looked up. */
    private static boolean isThisMachine(HostPort hostPort) {
        if (hostPort.isLoopback()) {
            return true;
        }
        String host = hostPort.host();
        if (!host.contains(":") && !host.matches("[0-9.]+")) {
            return false;
        }
        try {
            InetAddress address = InetAddress.getByName(host);
            return address.isAnyLocalAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (UnknownHostException | SocketException e) {
            return false;
        }
    }
}
