package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.edge.tls.KeyAndChain;
import dev.culvert.testkit.LeakFree;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Visitors who come by a new tunnel's link, and before its certificate. */
@Timeout(60)
@ExtendWith(LeakFree.class)
class AwaitedCertificateTest {
    private static final String LATE = "late.example.org";

    private final TestAuthority authority;
    private final TlsClient client;
    private final Source source = new Source();
    private Door door;
    private Certificates certificates;
    private int port;

    AwaitedCertificateTest() throws Exception {
        authority = new TestAuthority();
        client = new TlsClient(authority);
    }

    /** What an authority has given so far. */
    private static final class Source implements CertificateSource {
        private volatile List<KeyAndChain> given = List.of();
        private volatile boolean ordering = true;

        @Override
        public List<KeyAndChain> read() {
            return given;
        }

        @Override
        public boolean isAwaited(String host) {
            return ordering;
        }
    }

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.registry.know(FakeRegistry.tunnel(LATE));
        certificates = door.certificates(source);
        port = door.listenTls(certificates);
    }

    @AfterEach
    void close() throws Exception {
        certificates.close();
        door.close();
    }

    @Test
    void whoComesBeforeTheCertificateGetsIt() throws Exception {
        CompletableFuture<SSLSocket> visitor = connect(LATE);
        CompletableFuture<SSLSocket> ownHost = connect(Door.DOMAIN);
        await().until(() -> door.visitorPort.visitors() == 2);
        assertNotServed(connect("nobody.example.org")); // Later than these two.
        assertFalse(visitor.isDone());
        assertFalse(ownHost.isDone());

        give(LATE, Door.DOMAIN);

        assertServed(visitor);
        assertServed(ownHost);
    }

    @Test
    void whoLeavesMeanwhileIsForgotten() throws Exception {
        door.visitorOf(port).send(client.hello(LATE)).close();
        await().until(() -> door.visitorPort.visitors() == 0);

        give(LATE);

        await().until(() -> certificates.forHost(LATE) != null);
        assertServed(connect(LATE));
    }

    @Test
    void whoseCertificateDoesNotComeIsTold() throws Exception {
        assertNotServed(connect(LATE));
        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.NAME_NOT_SERVED));
    }

    @Test
    void nobodyWaitsWhereNoneIsOrdered() throws Exception {
        source.ordering = false;
        CompletableFuture<SSLSocket> visitor = connect(LATE);

        assertNotServed(visitor);
        give(LATE);
        await().until(() -> certificates.forHost(LATE) != null);
        assertServed(connect(LATE));
    }

    private void give(String... hosts) throws Exception {
        Issued issued = authority.issue(hosts);
        source.given = List.of(new KeyAndChain(issued.key(), List.of(issued.certificate())));
    }

    private CompletableFuture<SSLSocket> connect(String host) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return client.connect(port, host);
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                work -> new Thread(work).start());
    }

    private static void assertServed(CompletableFuture<SSLSocket> visitor) throws Exception {
        try (SSLSocket socket = visitor.get(15, TimeUnit.SECONDS)) {
            assertTrue(socket.getSession().isValid());
        }
    }

    private static void assertNotServed(CompletableFuture<SSLSocket> visitor) {
        CompletionException fault =
                assertThrows(CompletionException.class, () -> visitor.orTimeout(15, TimeUnit.SECONDS)
                        .join());
        SSLHandshakeException refused = (SSLHandshakeException) fault.getCause();
        assertTrue(refused.getMessage().contains("unrecognized_name"), refused.getMessage());
    }
}
