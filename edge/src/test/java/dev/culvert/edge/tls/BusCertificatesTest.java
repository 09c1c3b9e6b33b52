package dev.culvert.edge.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.TestAuthority;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusCertificatesTest {
    private static final Duration INTERVAL = Duration.ofMillis(10);

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<BusCertificate> heard = new LinkedBlockingQueue<>();
    private TestAuthority authority;
    private CountingFiles files;
    private BusCertificates certificates;

    @BeforeEach
    void startWithACertificateForAYear() throws Exception {
        authority = new TestAuthority();
        writeAuthorities(authority);
        writeNode(authority.issue("EC", Duration.ofDays(365), "one"));
        files = new CountingFiles(new BusFiles(folder, Clock.systemUTC()));
        certificates = Nodes.await(BusCertificates.start(vertx, files, INTERVAL));
    }

    @AfterEach
    void close() {
        certificates.close();
        Nodes.await(vertx.close());
    }

    @Test
    void userHearsOfTheNewestAtOnceAndOfEachThatIsNewer() throws Exception {
        BusCertificate first = certificates.newest();
        certificates.onChange(heard::add);
        assertSame(first, hear());
        TestAuthority.Issued renewed = authority.issue("one");

        writeNode(renewed);

        BusCertificate second = hear();
        assertEquals(renewed.certificate(), second.own().certificate());
        assertEquals(renewed.certificate().getNotAfter().toInstant(), second.until());
        assertSame(second, certificates.newest());
    }

    @Test
    void userHearsOfAnotherAuthorityAlone() throws Exception {
        BusCertificate first = certificates.newest();
        certificates.onChange(heard::add);
        assertSame(first, hear());
        TestAuthority next = new TestAuthority();

        writeAuthorities(authority, next);

        BusCertificate second = hear();
        assertEquals(first.own(), second.own());
        assertEquals(next.certificate(), second.authorities().get(1));
    }

    @Test
    void filesThatDoNotFitTogetherChangeNothing() throws Exception {
        certificates.onChange(heard::add);
        BusCertificate first = hear();
        TestAuthority next = new TestAuthority();
        TestAuthority.Issued renewed = next.issue("one");

        Files.writeString(folder.resolve("node.crt"), "");
        files.awaitReadings(3);
        Files.writeString(folder.resolve("node.crt"), TestAuthority.pem(renewed.certificate()));
        files.awaitReadings(3);
        Files.writeString(folder.resolve("node.key"), TestAuthority.pkcs8(renewed.key()));
        files.awaitReadings(3);
        assertSame(first, certificates.newest());
        writeAuthorities(next);

        BusCertificate second = hear();
        assertNotEquals(first, second);
        assertEquals(renewed.certificate(), second.own().certificate());
    }

    @Test
    void operatorIsRemindedFromAMonthBeforeTheEndOn() {
        Instant until = certificates.newest().until();

        assertFalse(certificates.remind(until.minus(Duration.ofDays(31))));
        assertTrue(certificates.remind(until.minus(Duration.ofDays(29))));
        assertTrue(certificates.remind(until.plus(Duration.ofDays(1))));
    }

    private void writeNode(TestAuthority.Issued node) throws Exception {
        Files.writeString(folder.resolve("node.crt"), TestAuthority.pem(node.certificate()));
        Files.writeString(folder.resolve("node.key"), TestAuthority.pkcs8(node.key()));
    }

    private void writeAuthorities(TestAuthority... authorities) throws Exception {
        StringBuilder bundle = new StringBuilder();
        for (TestAuthority one : authorities) {
            bundle.append(TestAuthority.pem(one.certificate()));
        }
        Files.writeString(folder.resolve("authority.crt"), bundle);
    }

    private BusCertificate hear() throws InterruptedException {
        return Objects.requireNonNull(heard.poll(10, TimeUnit.SECONDS));
    }

    /** Lets a test wait until what it wrote has been seen. */
    private static final class CountingFiles implements WatchedFile.Source<BusCertificate> {
        private final BusFiles files;
        private volatile CountDownLatch readings = new CountDownLatch(0);

        CountingFiles(BusFiles files) {
            this.files = files;
        }

        @Override
        public BusCertificate read() {
            try {
                return files.read();
            } finally {
                readings.countDown();
            }
        }

        @Override
        public String inWords(Throwable fault) {
            return files.inWords(fault);
        }

        void awaitReadings(int number) throws InterruptedException {
            readings = new CountDownLatch(number);
            assertTrue(readings.await(10, TimeUnit.SECONDS));
        }
    }
}
