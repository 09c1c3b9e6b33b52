package dev.culvert.edge.registry;

import com.hazelcast.config.Config;
import com.hazelcast.config.InterfacesConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import java.util.Objects;

/**
 * Where in Hazelcast's settings the port for other nodes is: ours say {@code advanced-network}, which has one for nodes
 * alone, and an operator's file may say {@code network}, whose port is for clients and others as well.
 */
record MemberNetwork(Config config) {

    /** The addresses that Hazelcast listens on. */
    InterfacesConfig interfaces() {
        return isForNodesAlone() ? endpoint().getInterfaces() : network().getInterfaces();
    }

    /** @param port 0 for any free one, from which there is nothing to count on */
    void setPort(int port) {
        if (isForNodesAlone()) {
            ServerSocketEndpointConfig endpoint = endpoint().setPort(port);
            endpoint.setPortAutoIncrement(port != 0 && endpoint.isPortAutoIncrement());
        } else {
            NetworkConfig network = network().setPort(port);
            network.setPortAutoIncrement(port != 0 && network.isPortAutoIncrement());
        }
    }

    /** How a node looks for others. */
    JoinConfig join() {
        return isForNodesAlone()
                ? config.getAdvancedNetworkConfig().getJoin()
                : network().getJoin();
    }

    private boolean isForNodesAlone() {
        return config.getAdvancedNetworkConfig().isEnabled();
    }

    private NetworkConfig network() {
        return config.getNetworkConfig();
    }

    private ServerSocketEndpointConfig endpoint() {
        return Objects.requireNonNull((ServerSocketEndpointConfig)
                config.getAdvancedNetworkConfig().getEndpointConfigs().get(EndpointQualifier.MEMBER));
    }
}
