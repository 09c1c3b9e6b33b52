package dev.culvert.edge;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** What an edge that has started tells the person at its terminal: where its doors are, and what to do next. */
final class Greeting {
    private final Edge edge;
    private final EdgeOptions options;
    private final Edge.Ports ports;
    private final boolean alone;

    Greeting(Edge edge, EdgeOptions options) {
        this.edge = edge;
        this.options = options;
        this.ports = edge.ports();
        this.alone = Loopback.is(Loopback.address("--bind", options.bind()));
    }

    void print(PrintWriter out) {
        out.printf("Culvert edge is running.%n%n");
        printDoors(out);
        printNext(out);
        out.printf("%nCtrl-C stops it.%n");
        out.flush();
    }

    private void printDoors(PrintWriter out) {
        if (hasWeb()) {
            out.printf("  visitors  %s%n", edge.urlOf("*." + options.domain()));
        }
        if (ports.https() >= 0 && ports.http() >= 0) {
            out.printf("            port %d without TLS%n", ports.http());
        }
        if (ports.tls() >= 0) {
            out.printf("            port %d for TLS that ends at targets%n", ports.tls());
        }
        edge.localAuthority()
                .ifPresent(file -> out.printf(
                        "            certified by an authority of this user; to trust it: curl --cacert %s%n", file));
        if (options.ports().tcp().isOn()) {
            out.printf(
                    "  TCP       tcp://%s:%s%n",
                    options.domain(), options.ports().tcp());
        }
        if (ports.lane() >= 0) {
            out.printf("  agents    %s:%d, %s%n", shown(options.bind()), ports.lane(), whoMayConnect());
        } else if (hasWeb()) {
            out.printf("  agents    %s, %s%n", edge.urlOf(options.domain()), whoMayConnect());
        }
        if (options.localtunnel().isOn()) {
            out.printf("            of localtunnel's kind: lt --host %s --port 3000%n", edge.urlOf(options.domain()));
        }
        if (ports.ssh() >= 0) {
            out.printf("  ssh       ssh -p %d -R my-app:80:localhost:3000 %s%n", ports.ssh(), options.domain());
            if (options.ssh().hostKey() == null) {
                out.printf("            its host key is new at each start; --ssh-host-key keeps one%n");
            }
        }
        if (ports.admin() >= 0) {
            out.printf("  admin     http://%s:%d/%n", shown(options.admin().bind()), ports.admin());
        }
        if (ports.cluster() >= 0) {
            out.printf("  nodes     port %d, %s%n", ports.cluster(), nodes());
        }
    }

    private void printNext(PrintWriter out) {
        if (isByWeb() && hasWeb()) {
            out.printf("%nNext, beside a local server, give a port a name:%n%n");
            out.printf("  culvert login %s%n  culvert http 3000 --name my-app%n", edge.urlOf(options.domain()));
        } else if (ports.lane() >= 0) {
            boolean usual =
                    alone && ports.lane() == EdgeOptions.DEFAULT.ports().lane().number();
            out.printf("%nNext, %s, give a port a name:%n%n", usual ? "in another terminal" : "beside a local server");
            out.printf(
                    "  culvert http 3000 --name my-app%s%s%s%n",
                    usual ? "" : " --edge %s:%d".formatted(reached(options.bind()), ports.lane()),
                    alone ? "" : " --insecure",
                    credential(options.access()));
        }
    }

    private boolean hasWeb() {
        return ports.http() >= 0 || ports.https() >= 0;
    }

    /** Whether agents are led to the web port: agents of other machines take a plain lane only if they are told to. */
    private boolean isByWeb() {
        return ports.lane() < 0 || (!alone && ports.https() >= 0);
    }

    private String nodes() {
        return edge.nodes() == 1 ? "the first of its cluster" : "%d of them now".formatted(edge.nodes());
    }

    private String whoMayConnect() {
        EdgeOptions.Access access = options.access();
        List<String> ways = new ArrayList<>();
        if (access.tokens() != null) {
            ways.add("with a token of " + access.tokens());
        }
        if (access.issuers() != null) {
            ways.add(ways.isEmpty() ? "with a token of an issuer in " + access.issuers() : "of an issuer's");
        }
        if (access.agentKeys() != null) {
            ways.add("with an SSH key of " + access.agentKeys());
        }
        if (ways.isEmpty()) {
            return alone && !access.allowAnonymous() ? "anybody on this machine" : "anybody who can reach it";
        }
        return String.join(", or ", ways);
    }

    private static String credential(EdgeOptions.Access access) {
        if (!access.isAuthenticated()) {
            return "";
        }
        return access.tokens() == null && access.issuers() == null ? " --ssh-key FILE" : " --token TOKEN";
    }

    private static String shown(String address) {
        return address.contains(":") ? "[" + address + "]" : address;
    }

    private static String reached(String bind) {
        return bind.equals("0.0.0.0") || bind.equals("::") ? "ADDRESS" : shown(bind);
    }
}
