package dev.culvert.edge.e2e;

import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import dev.culvert.edge.testkit.TlsClient;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocket;

/**
 * Two edges of one cluster with TLS, for {@value #DOMAIN}, which share a certificate by an authority of the test's own:
 * whatever an agent has at one is relayed by the other.
 *
 * @param folder has {@code edge.crt} and {@code edge.key}
 */
record TlsCluster(RunningCluster cluster, TestAuthority authority, Path authorityFile, Path folder, TlsClient client) {
    static final String DOMAIN = "tunnel.test";

    static TlsCluster start(Stage stage, String... more) throws Exception {
        Path folder = stage.folder("certificates");
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue(DOMAIN, "*." + DOMAIN));
        authority.write(folder, "rsa", authority.issue("RSA", Duration.ofDays(1), "rsa.example"));
        List<String> options = new ArrayList<>(List.of("--domain", DOMAIN, "--https-port", "0", "--tls-port", "0"));
        options.addAll(List.of("--cert", folder.resolve("edge.crt").toString()));
        options.addAll(List.of("--cert", folder.resolve("rsa.crt").toString()));
        options.addAll(List.of("--key", folder.resolve("edge.key") + "," + folder.resolve("rsa.key")));
        options.addAll(List.of(more));
        RunningCluster cluster = RunningCluster.start(stage, 2, options.toArray(String[]::new));
        return new TlsCluster(cluster, authority, authority.writeOwn(folder), folder, new TlsClient(authority));
    }

    /** A port of a node: {@code http}, {@code https} or {@code tls}. */
    static int port(RunningEdge node, String what) {
        return node.program().err().lines().stream()
                .filter(line -> line.contains("edge started"))
                .map(line -> line.replaceFirst(".*\\b" + what + "=(\\d+).*", "$1"))
                .map(Integer::parseInt)
                .findFirst()
                .orElseThrow();
    }

    static int https(RunningEdge node) {
        return port(node, "https");
    }

    /** Where a tunnel is at a node. */
    static String url(RunningEdge node, String name, String path) {
        return "https://%s.%s:%d%s".formatted(name, DOMAIN, https(node), path);
    }

    /** A GET by curl that trusts the authority. */
    Curl curl(Stage stage, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("--cacert", authorityFile.toString()));
        all.addAll(List.of(arguments));
        return Curl.run(stage, all.toArray(String[]::new));
    }

    /** Replaces the edges' certificate, and says what it is. */
    Issued renew() throws Exception {
        Issued fresh = authority.issue(DOMAIN, "*." + DOMAIN);
        authority.write(folder, "edge", fresh);
        return fresh;
    }

    /** The certificate that a node serves for a tunnel. */
    Certificate served(RunningEdge node, String name) throws IOException {
        try (SSLSocket socket = client.connect(https(node), name + "." + DOMAIN)) {
            return socket.getSession().getPeerCertificates()[0];
        }
    }
}
