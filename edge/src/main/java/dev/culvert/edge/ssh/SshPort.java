package dev.culvert.edge.ssh;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.compression.BuiltinCompressions;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactoryFactory;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.session.ServerSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where SSH clients come in: MINA's server, which opens no shell, runs no program and listens for nobody. */
public final class SshPort {
    /**
     * Connections that are not known yet. A client is through within a few round trips, so the one that has waited longest
     * is the one to go.
     */
    private static final int MOST_NEWCOMERS = 1000;

    /** Known clients of a node: each costs about 150 KiB. */
    private static final int MOST_CONNECTIONS = 2000;

    /** For a key or token that is good: people type passphrases, and paste tokens. */
    private static final Duration KNOWN_WITHIN = Duration.ofSeconds(30);

    /** Tries of one connection: people have that many keys, and nobody guesses one. */
    private static final int MOST_TRIES = 20;

    /** Visitors', terminals', and a margin for those that are being closed. */
    private static final int MOST_CHANNELS = 2000;

    /** What a client says that closes its connection: nobody has to hear it twice. */
    private static final Duration CLOSED_WITHIN = Duration.ofSeconds(2);

    private static final int BACKLOG = 128;

    /** What rests on SHA-1, MD5, DSA or chained blocks, and the exchanges of keys that cost a stranger's host much. */
    private static final Set<String> LEFT_OUT = Set.of(
            "sha1", "md5", "ssh-rsa", "ssh-dss", "cbc", "group-exchange", "group15", "group16", "group17", "group18");

    private static final Logger LOGGER = LoggerFactory.getLogger(SshPort.class);

    private final Vertx vertx;
    private final SshServer server;

    private SshPort(Vertx vertx, SshServer server) {
        this.vertx = vertx;
        this.server = server;
    }

    /**
     * Opens it.
     *
     * @param port 0 for one that is free, the same on all addresses
     * @return fails with what the operating system says
     */
    public static Future<SshPort> open(
            Vertx vertx, List<String> addresses, int port, SshAccess access, SshConnections connections) {
        return vertx.executeBlocking(() -> open(addresses, port, access, connections), false)
                .map(server -> new SshPort(vertx, server));
    }

    /** The port. */
    public int number() {
        return server.getPort();
    }

    /** Closes it, and what came in there. Never fails. */
    public Future<Void> close() {
        return vertx.<Void>executeBlocking(
                        () -> {
                            server.stop(true);
                            return null;
                        },
                        false)
                .otherwiseEmpty();
    }

    private static SshServer open(List<String> addresses, int port, SshAccess access, SshConnections connections)
            throws IOException {
        SshServer server = SshServer.setUpDefaultServer();
        server.setHost(String.join(",", addresses));
        server.setPort(port);
        server.setIoServiceFactoryFactory(new Nio2ServiceFactoryFactory());
        server.setNioWorkers(Math.max(2, Runtime.getRuntime().availableProcessors() / 2));
        server.setSessionFactory(new BoundedSession.Factory(server));
        server.setCipherFactories(modern(server.getCipherFactories()));
        server.setSignatureFactories(modern(server.getSignatureFactories()));
        server.setMacFactories(modern(server.getMacFactories()));
        server.setKeyExchangeFactories(modern(server.getKeyExchangeFactories()));
        server.setCompressionFactories(List.of(BuiltinCompressions.none)); // The others keep 300 KiB for each client.
        server.setChannelFactories(List.of(new Terminal.Factory()));
        server.setGlobalRequestHandlers(List.of(new GlobalRequests()));
        server.setSubsystemFactories(List.of());
        server.addSessionListener(new Sessions(connections));
        limit(server);
        access.apply(server);
        access.onRevoked(connections::revoke);
        try {
            server.start();
        } catch (IOException | RuntimeException e) {
            server.close(true);
            throw e;
        }
        return server;
    }

    private static void limit(SshServer server) {
        CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "culvert");
        CoreModuleProperties.AUTH_TIMEOUT.set(server, KNOWN_WITHIN);
        CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, MOST_TRIES);
        CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(server, MOST_CHANNELS);
        CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO); // Connections are probed instead.
        CoreModuleProperties.DISCONNECT_TIMEOUT.set(server, CLOSED_WITHIN);
        CoreModuleProperties.STOP_WAIT_TIME.set(server, CLOSED_WITHIN);
        CoreModuleProperties.WINDOW_SIZE.set(server, 2L * ForwardedChannel.PACKET_BYTES); // Of terminals.
        CoreModuleProperties.MAX_PACKET_SIZE.set(server, (long) ForwardedChannel.PACKET_BYTES);
        CoreModuleProperties.TCP_NODELAY.set(server, true);
        CoreModuleProperties.SOCKET_KEEPALIVE.set(server, true);
        CoreModuleProperties.SOCKET_BACKLOG.set(server, BACKLOG);
    }

    private static <T extends NamedResource> List<T> modern(List<T> offered) {
        return offered.stream()
                .filter(each -> LEFT_OUT.stream().noneMatch(each.getName()::contains))
                .toList();
    }

    /** Counts the connections, and tells who they are. By MINA's threads. */
    private static final class Sessions implements SessionListener {
        private final SshConnections connections;
        private final Set<Session> newcomers = new LinkedHashSet<>();
        private final Set<Session> known = ConcurrentHashMap.newKeySet();
        private final Set<Session> saidGoodbye = ConcurrentHashMap.newKeySet();

        Sessions(SshConnections connections) {
            this.connections = connections;
        }

        @Override
        public void sessionCreated(Session session) {
            Session closed = known.size() >= MOST_CONNECTIONS ? session : null;
            synchronized (newcomers) {
                newcomers.add(session);
                if (closed == null && newcomers.size() > MOST_NEWCOMERS) {
                    closed = newcomers.iterator().next();
                }
            }
            if (closed != null) {
                LOGGER.atDebug().addKeyValue("known", known.size()).log("too many SSH connections; one closed");
                closed.close(true);
            }
        }

        @Override
        public void sessionEvent(Session session, Event event) {
            Login login = session.getAttribute(Login.KEY);
            if (event == Event.Authenticated && login != null && session instanceof ServerSession server) {
                through(session);
                known.add(session);
                SshConnection connection = connections.arrived(server, login);
                session.setAttribute(SshConnection.KEY, connection);
                if (!session.isOpen()) {
                    connections.left(connection, false); // Closed before it was there to be found.
                }
            }
        }

        @Override
        public void sessionDisconnect(Session session, int reason, String message, String language, boolean initiator) {
            if (!initiator) {
                saidGoodbye.add(session);
                session.close(true);
            }
        }

        @Override
        public void sessionClosed(Session session) {
            through(session);
            known.remove(session);
            boolean givenUp = saidGoodbye.remove(session);
            SshConnection connection = session.getAttribute(SshConnection.KEY);
            if (connection != null) {
                connections.left(connection, givenUp);
            }
        }

        private void through(Session session) {
            synchronized (newcomers) {
                newcomers.remove(session);
            }
        }
    }
}
