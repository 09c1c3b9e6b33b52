package dev.culvert.edge.tls;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificatesTest {
    private static final Duration SOON = Duration.ofMillis(10);

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final List<Certificates> open = new ArrayList<>();
    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority();
    }

    @AfterEach
    void close() throws Exception {
        open.forEach(Certificates::close);
        vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    @Test
    void theMostExactCertificateIsServedAndTheFirstToThoseWhoNameNoHost() throws Exception {
        write("wild", authority.issue("*.example.com", "example.com"));
        write("shop", authority.issue("shop.example.com", "*.other.example"));
        write("both", authority.issue("blog.example.com", "*.example.com"));

        Certificates certificates = start("wild", "shop", "both");

        assertEquals("*.example.com,example.com", served(certificates, "app.example.com"));
        assertEquals("*.example.com,example.com", served(certificates, "example.com"));
        assertEquals("*.other.example,shop.example.com", served(certificates, "shop.example.com"));
        assertEquals("*.example.com,blog.example.com", served(certificates, "blog.example.com"));
        assertSame(certificates.forHost("example.com"), certificates.forHost(null));
        assertNull(certificates.forHost("a.b.example.com"), "a wildcard stands for one label");
        assertNull(certificates.forHost("example.org"));
    }

    @Test
    void addressesAreNamesToo() throws Exception {
        write("edge", authority.issue("example.com", "10.0.0.5", "::1"));

        ServedCertificate certificate = start("edge").forHost(null);

        assertTrue(certificate.covers("10.0.0.5"));
        assertTrue(certificate.covers("[::1]"));
        assertFalse(certificate.covers("10.0.0.6"));
    }

    @Test
    void keysAreTakenInEveryFormThatToolsWrite() throws Exception {
        for (String algorithm : List.of("EC", "RSA")) {
            Issued issued = authority.issue(algorithm, Duration.ofDays(1), algorithm + ".example.com");
            write(algorithm, issued);
            Path file = folder.resolve(algorithm + ".key");
            String convert = algorithm.equals("EC") ? "ec" : "rsa -traditional";
            List<String> command = new ArrayList<>(List.of("openssl"));
            command.addAll(List.of(convert.split(" ")));
            command.addAll(List.of("-in", file.toString(), "-out", file.toString()));
            assertEquals(0, new ProcessBuilder(command).start().waitFor());
            assertTrue(Files.readString(file).contains("BEGIN " + algorithm + " PRIVATE KEY"));

            assertNotNull(start(algorithm).forHost(algorithm.toLowerCase(Locale.ROOT) + ".example.com"));
        }
    }

    @Test
    void replacedFilesAreServedWithoutARestart() throws Exception {
        write("edge", authority.issue("a.example.com"));
        Certificates certificates = start("edge");
        ServedCertificate before = certificates.forHost(null);

        write("edge", authority.issue("b.example.com"));

        await().until(() -> certificates.forHost("b.example.com") != null);
        assertNull(certificates.forHost("a.example.com"));
        assertNotSame(before, certificates.forHost(null));
    }

    @Test
    void inItsLastWeekTheOperatorIsToldOfACertificateEachDay() throws Exception {
        Issued issued = authority.issue("EC", Duration.ofDays(30), "a.example.com");
        Instant end = issued.certificate().getNotAfter().toInstant();
        write("edge", issued);
        Certificates certificates = start("edge");
        Instant lastWeek = end.minus(Duration.ofDays(7)).plusSeconds(1);

        assertFalse(certificates.remind(end.minus(Duration.ofDays(8))));
        assertTrue(certificates.remind(lastWeek));
        assertFalse(certificates.remind(lastWeek.plus(Duration.ofHours(23))));
        assertTrue(certificates.remind(lastWeek.plus(Duration.ofHours(25))));
        assertTrue(certificates.remind(end.plus(Duration.ofDays(1))));
    }

    @Test
    void theFirstIsTheDomainsOwnWhereNoneNamesIt() throws Exception {
        write("wild", authority.issue("*.example.com"));
        write("other", authority.issue("example.org"));
        Certificates certificates = start("wild", "other");

        assertEquals("*.example.com", String.valueOf(certificates.ownOf("example.com")));
        assertEquals("example.org", String.valueOf(certificates.ownOf("example.org")));
    }

    @Test
    void anOperatorWhosePairsAreNotForAllTunnelsIsTold() throws Exception {
        write("edge", authority.issue("example.com", "shop.example.com"));
        Certificates certificates = start(new PemFiles(List.of(pair("edge")), "example.com"));
        assertEquals("example.com", certificates.uncovered());
        assertNull(start("edge").uncovered(), "others come from elsewhere");

        write("edge", authority.issue("*.example.com"));
        await().until(() -> certificates.uncovered() == null);

        write("edge", authority.issue("*.example.org", "*.a.example.com"));
        await().until(() -> certificates.uncovered() != null);
    }

    @Test
    void aBrokenPairChangesNothingAndARepairedOneIsServed() throws Exception {
        write("edge", authority.issue("a.example.com"));
        CountingFiles files = new CountingFiles(files("edge"));
        Certificates certificates = start(files);
        ServedCertificate before = certificates.forHost(null);
        Issued next = authority.issue("b.example.com");

        Files.writeString(folder.resolve("edge.crt"), TestAuthority.pem(next.certificate())); // The old key.
        files.awaitReadings(3);
        assertSame(before, certificates.forHost(null));

        Files.writeString(folder.resolve("edge.crt"), "-----BEGIN CERTIFICATE-----\nrubbish");
        files.awaitReadings(3);
        assertSame(before, certificates.forHost(null));

        Files.delete(folder.resolve("edge.key"));
        files.awaitReadings(3);
        assertSame(before, certificates.forHost(null));

        write("edge", next);
        await().until(() -> certificates.forHost("b.example.com") != null);
    }

    @Test
    void aFirstReadingThatFailsSaysWhichFileIsWrongAndHow() throws Exception {
        Issued issued = authority.issue("a.example.com");
        write("edge", issued);
        assertEquals("--cert: there is no file " + folder.resolve("none.crt"), faultOf("none"));

        Files.writeString(
                folder.resolve("edge.key"),
                TestAuthority.pkcs8(authority.issue("x").key()));
        assertTrue(faultOf("edge").contains("edge.crt and "), faultOf("edge"));
        assertTrue(faultOf("edge").contains("the key is not that of the file's first certificate"), faultOf("edge"));

        Files.writeString(folder.resolve("edge.key"), TestAuthority.pem(issued.certificate()));
        assertTrue(faultOf("edge").contains("has no PRIVATE KEY in it"), faultOf("edge"));

        write("edge", authority.issue());
        assertTrue(faultOf("edge").contains("subjectAltName"), faultOf("edge"));

        Files.createDirectory(folder.resolve("folder.crt"));
        assertEquals("--cert: " + folder.resolve("folder.crt") + " is a folder, not a file", faultOf("folder"));
    }

    private String faultOf(String name) {
        CompletionException fault =
                assertThrows(CompletionException.class, () -> Certificates.start(vertx, files(name), SOON)
                        .toCompletionStage()
                        .toCompletableFuture()
                        .join());
        return assertInstanceOf(ConfigException.class, fault.getCause()).getMessage();
    }

    private static String served(Certificates certificates, String host) {
        return String.valueOf(certificates.forHost(host));
    }

    private void write(String name, Issued issued) throws Exception {
        authority.write(folder, name, issued);
    }

    private PemFiles files(String... names) {
        return new PemFiles(Stream.of(names).map(this::pair).toList());
    }

    private PemFiles.Pair pair(String name) {
        return new PemFiles.Pair(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
    }

    private Certificates start(String... names) throws Exception {
        return start(files(names));
    }

    private Certificates start(CertificateSource source) throws Exception {
        Certificates certificates = Certificates.start(vertx, source, SOON)
                .toCompletionStage()
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
        open.add(certificates);
        return certificates;
    }

    /** Lets a test wait until what it wrote has been seen. */
    private static final class CountingFiles implements CertificateSource {
        private final PemFiles files;
        private volatile CountDownLatch readings = new CountDownLatch(0);

        CountingFiles(PemFiles files) {
            this.files = files;
        }

        @Override
        public List<KeyAndChain> read() throws IOException, BrokenCertificateException {
            try {
                return files.read();
            } finally {
                readings.countDown();
            }
        }

        void awaitReadings(int number) throws InterruptedException {
            readings = new CountDownLatch(number);
            assertTrue(readings.await(10, TimeUnit.SECONDS));
        }
    }
}
