package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.lane.WindowBudget;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What every exchange needs. Safe for use by any thread.
 *
 * @param uploads what the windows of uploads by HTTP/2 may grow by
 * @param heads what large heads may take of the heap
 * @param proofs what authorities are answered, at any host
 * @param signIn how visitors show who they are
 * @param gate who looks at visitors of tunnels that do not let in everybody
 * @param rates how often each visitor has asked; null where nobody counts
 * @param log where it is written down what visitors asked for
 */
record Ingress(
        IngressOptions options,
        Registry registry,
        Carriers carriers,
        Traffic traffic,
        Routes routes,
        OpenVisitors visitors,
        WindowBudget uploads,
        WindowBudget heads,
        LaneDoor lanes,
        OwnPages pages,
        Proofs proofs,
        SignIn signIn,
        Gate gate,
        @Nullable VisitorRates rates,
        AccessLog log) {

    /** Whether there is a bound on how often visitors may ask. */
    boolean countsVisitors() {
        return rates != null;
    }

    /** Whether it is written down what visitors ask for. */
    boolean writesDown() {
        return log != AccessLog.NONE;
    }

    /**
     * How long the visitor should wait before it asks for a tunnel again, in seconds; 0 when it may now. A trusted proxy
     * that names nobody asks for itself, and may.
     */
    long waitSeconds(InetAddress visitor) {
        return rates == null || options.trustedProxies().test(visitor) ? 0 : rates.waitSeconds(visitor);
    }
}
