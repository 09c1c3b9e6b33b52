package dev.culvert.edge.testkit;

import dev.culvert.admission.Admission;
import dev.culvert.edge.ingress.AccessLog;
import dev.culvert.edge.ingress.IngressOptions;
import dev.culvert.edge.ingress.LaneDoor;
import dev.culvert.edge.ingress.OwnPages;
import dev.culvert.edge.ingress.Proofs;
import dev.culvert.edge.ingress.SignIn;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.edge.tls.PemFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A real visitor port on a free port, with a registry and carriers that a test plays. */
public final class Door implements AutoCloseable {
    public static final String DOMAIN = "example.com";
    public static final String HOST = "app.example.com";

    public final FakeRegistry registry = new FakeRegistry();
    public final FakeCarriers carriers = new FakeCarriers();
    public final Traffic traffic = new Traffic();

    /** What is written down of visitors. */
    public final BlockingQueue<AccessLog.Visit> visits = new LinkedBlockingQueue<>();

    /** On the transport that nodes use: half-close and resets are where transports differ. */
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));

    private final List<AutoCloseable> visitors = new ArrayList<>();
    public final VisitorPort visitorPort;
    private final int port;
    private final int tcpPort;

    private Door(IngressOptions options, int most, LaneDoor lanes, Proofs proofs, SignIn signIn) throws Exception {
        registry.know(FakeRegistry.tunnel(HOST));
        visitorPort = new VisitorPort(
                options, registry, carriers, traffic, most, lanes, OwnPages.NONE, proofs, signIn, visits::add);
        port = visitorPort
                .listen(vertx, "127.0.0.1", 0)
                .toCompletionStage()
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS)
                .actualPort();
        tcpPort = visitorPort
                .listenTcp(vertx, "127.0.0.1", 0)
                .toCompletionStage()
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS)
                .actualPort();
    }

    /** How visitors are treated as a rule. */
    public static IngressOptions options() {
        return options(peer -> false);
    }

    /** The same where these peers are trusted proxies. */
    public static IngressOptions options(Predicate<InetAddress> trustedProxies) {
        return options(trustedProxies, IngressOptions.Deadlines.DEFAULT);
    }

    /** The same with other deadlines. */
    public static IngressOptions options(Predicate<InetAddress> trustedProxies, IngressOptions.Deadlines deadlines) {
        return new IngressOptions(DOMAIN, null, trustedProxies, deadlines, null, "", null);
    }

    /** A door that gives visitors the usual time. */
    public static Door open() throws Exception {
        return open(options());
    }

    public static Door open(IngressOptions options) throws Exception {
        return open(options, LaneDoor.NONE);
    }

    /** A door for agents as well. */
    public static Door open(IngressOptions options, LaneDoor lanes) throws Exception {
        return new Door(options, Integer.MAX_VALUE, lanes, Proofs.NONE, SignIn.NONE);
    }

    /** A door where authorities find proofs. */
    public static Door open(IngressOptions options, Proofs proofs) throws Exception {
        return new Door(options, Integer.MAX_VALUE, LaneDoor.NONE, proofs, SignIn.NONE);
    }

    /** A door where visitors can sign in. */
    public static Door open(IngressOptions options, SignIn signIn) throws Exception {
        return new Door(options, Integer.MAX_VALUE, LaneDoor.NONE, Proofs.NONE, signIn);
    }

    /** A door with room for so many visitors. */
    public static Door open(int most) throws Exception {
        return new Door(options(), most, LaneDoor.NONE, Proofs.NONE, SignIn.NONE);
    }

    /** A door with these deadlines. */
    public static Door open(Duration head, Duration idle) throws Exception {
        return open(options(
                peer -> false,
                new IngressOptions.Deadlines(head, idle, Duration.ofSeconds(60), Duration.ofMillis(200))));
    }

    public RawVisitor visitor() throws IOException {
        return visitorOf(port);
    }

    /** A visitor of the port for raw TCP, which no tunnel has until the registry knows one. */
    public RawVisitor tcpVisitor() throws IOException {
        return visitorOf(tcpPort);
    }

    /**
     * Opens a port for TLS as well.
     *
     * @param certificates null to pass all TLS on to targets
     */
    public int listenTls(Certificates certificates) throws Exception {
        return visitorPort
                .listenTls(vertx, "127.0.0.1", 0, certificates)
                .toCompletionStage()
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS)
                .actualPort();
    }

    /** Certificates from PEM files that are in a folder under these names. */
    public Certificates certificates(Path folder, String... names) throws Exception {
        List<PemFiles.Pair> pairs = Stream.of(names)
                .map(name -> new PemFiles.Pair(folder.resolve(name + ".crt"), folder.resolve(name + ".key")))
                .toList();
        return await(Certificates.start(vertx, new PemFiles(pairs), Certificates.INTERVAL));
    }

    /** The same for one, with the handshakes computed by a test's own means. */
    public Certificates certificates(Path folder, String name, Executor handshakes) throws Exception {
        PemFiles.Pair pair = new PemFiles.Pair(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
        return await(Certificates.start(vertx, new PemFiles(List.of(pair)), Certificates.INTERVAL, handshakes));
    }

    /** Those of a source that a test plays, which is asked ten times a second. */
    public Certificates certificates(CertificateSource source) throws Exception {
        return await(Certificates.start(vertx, source, Duration.ofMillis(100)));
    }

    private static Certificates await(Future<Certificates> started) throws Exception {
        return started.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    /** A visitor by a connection of the test's own, closed with the door. */
    public RawVisitor visitor(Socket connected) throws IOException {
        RawVisitor visitor = new RawVisitor(connected);
        visitors.add(visitor);
        return visitor;
    }

    /** The tunnel that the port for raw TCP is for. */
    public Tunnel tcpTunnel() {
        Tunnel.Policy policy = new Tunnel.Policy("preserve", "127.0.0.1:22", 0, false, Admission.EVERYBODY);
        return new Tunnel(TunnelKey.ofPort(tcpPort), "owner", 0, "tcp", policy, Set.of(FakeRegistry.CLAIM), 0);
    }

    /** A visitor of any port. */
    public RawVisitor visitorOf(int port) throws IOException {
        RawVisitor visitor = new RawVisitor(port);
        visitors.add(visitor);
        return visitor;
    }

    /** A visitor that speaks HTTP/2 with these settings. */
    public RawHttp2Visitor http2Visitor(int... settings) throws IOException {
        RawHttp2Visitor visitor = new RawHttp2Visitor(port, settings);
        visitors.add(visitor);
        return visitor;
    }

    public int port() {
        return port;
    }

    /** A GET to the tunnel at {@link #HOST}. */
    public static String get(String path) {
        return "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(path, HOST);
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable visitor : visitors) {
            visitor.close();
        }
        vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }
}
