package dev.culvert.edge.registry;

import org.jspecify.annotations.Nullable;

/** What tests ask the registry for. */
final class Requests {
    static final Tunnel.Policy ALONE = new Tunnel.Policy("preserve", "127.0.0.1:3000", false);
    static final Tunnel.Policy POOL = new Tunnel.Policy("preserve", "127.0.0.1:3000", true);

    private Requests() {}

    static TunnelKey host(String label) {
        return TunnelKey.ofHost(label + ".tunnel.example");
    }

    static Registry.Request request(String label, String owner, Claim claim) {
        return request(label, owner, claim, ALONE, null);
    }

    static Registry.Request request(
            String label, String owner, Claim claim, Tunnel.Policy policy, @Nullable String ticket) {
        return new Registry.Request(host(label), owner, "http", policy, claim, ticket);
    }
}
