package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.admission.People;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What tests ask the registry for. */
final class Requests {
    static final Tunnel.Policy ALONE = new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY);
    static final Tunnel.Policy POOL = new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, true, Admission.EVERYBODY);

    static final Tunnel.Policy GUARDED = new Tunnel.Policy(
            "preserve",
            "127.0.0.1:3000",
            0,
            false,
            new Admission(
                    Networks.parse("10.0.0.0/8"),
                    Set.of(Password.parse("ann:long enough")),
                    People.parse("*@example.com"),
                    true));

    static final Tunnel.Policy GUARDED_POOL =
            new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, true, GUARDED.admission());

    private Requests() {}

    static TunnelKey host(String label) {
        return TunnelKey.ofHost(label + ".tunnel.example");
    }

    static Registry.Request request(String label, String owner, Claim claim) {
        return request(label, owner, claim, ALONE, null);
    }

    static Registry.Request request(
            String label, String owner, Claim claim, Tunnel.Policy policy, @Nullable String ticket) {
        return new Registry.Request(host(label), owner, "http", policy, claim, ticket, false);
    }
}
