package dev.culvert.edge;

import dev.culvert.config.Secret;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.ingress.AccessLog;
import dev.culvert.edge.ingress.SignIn;
import dev.culvert.edge.signin.VisitorSignIn;
import dev.culvert.edge.tls.BusCertificates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a node knows before it meets others: what its operator's files say, and what its machine is called.
 *
 * @param basics what is read but once
 * @param certificates of the hosts whose TLS ends here
 * @param busCertificates of the event bus; null where it has none
 * @param signIn how visitors show who they are
 * @param access who may have tunnels
 */
record Prepared(
        Basics basics,
        EdgeCertificates certificates,
        @Nullable BusCertificates busCertificates,
        SignIn signIn,
        AgentAccess access) {

    /**
     * What is read but once.
     *
     * @param label what the node is called in its log
     * @param clusterHost the address by which other nodes reach this one; null where the operator's file says it
     * @param adminToken what the admin port asks for; null for nothing
     * @param clusterSecret what all nodes have; null where they make it up
     * @param accessLog where it is written down what visitors asked for
     */
    record Basics(
            String label,
            @Nullable String clusterHost,
            @Nullable Secret adminToken,
            @Nullable Secret clusterSecret,
            AccessLog accessLog) {}

    /**
     * Reads all of it, and tries the ports: what is wrong with either is known before anything else is started.
     *
     * @param withoutTokens who decides about agents where there are no files of tokens, issuers and keys of agents
     */
    static Future<Prepared> read(
            Vertx vertx, EdgeOptions options, Doors doors, Authenticator withoutTokens, Started started) {
        return vertx.executeBlocking(() -> readBasics(vertx, options, doors, started), false)
                .compose(basics -> EdgeCertificates.read(vertx, options, started)
                        .compose(certificates -> Membership.certificates(vertx, options.cluster(), started)
                                .compose(busCertificates -> readSignIn(vertx, options, doors, started)
                                        .compose(signIn -> AgentAccess.read(vertx, options, withoutTokens, started)
                                                .map(access -> new Prepared(
                                                        basics, certificates, busCertificates, signIn, access))))));
    }

    private static Basics readBasics(Vertx vertx, EdgeOptions options, Doors doors, Started started) {
        String clusterHost = Membership.address(options);
        Secret adminToken = SecretFile.read("admin-token-file", options.admin().tokenFile());
        Secret clusterSecret =
                SecretFile.read("cluster-secret-file", options.names().clusterSecretFile());
        String label = options.nodeId() == null ? machine() : options.nodeId();
        doors.probe();
        Membership.probe(options.cluster(), clusterHost);
        AccessLog accessLog = openAccessLog(vertx, options.accessLog(), started);
        return new Basics(label, clusterHost, adminToken, clusterSecret, accessLog);
    }

    private static String machine() {
        try {
            String host = InetAddress.getLocalHost().getHostName();
            return host.matches("[!-~]+") ? host : "unnamed"; // It stands in a header field.
        } catch (UnknownHostException e) {
            return "unnamed";
        }
    }

    private static AccessLog openAccessLog(Vertx vertx, @Nullable Path path, Started started) {
        if (path == null) {
            return AccessLog.NONE;
        }
        return started.add(
                AccessLogFile.open(path),
                file -> vertx.executeBlocking(
                        () -> {
                            file.close();
                            return null;
                        },
                        false));
    }

    private static Future<SignIn> readSignIn(Vertx vertx, EdgeOptions options, Doors doors, Started started) {
        Path file = options.access().signIn();
        return file == null
                ? Future.succeededFuture(SignIn.NONE)
                : VisitorSignIn.read(vertx, file, doors::urlOf, doors::ownUrl)
                        .map(read -> started.add(read, VisitorSignIn::close));
    }
}
