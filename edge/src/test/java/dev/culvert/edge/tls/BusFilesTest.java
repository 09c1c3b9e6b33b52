package dev.culvert.edge.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.edge.testkit.SettableClock;
import dev.culvert.edge.testkit.TestAuthority;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusFilesTest {
    private static final Duration YEAR = Duration.ofDays(365);

    @TempDir
    Path folder;

    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority();
    }

    @Test
    void nodeOfItsFoldersAuthorityIsTakenForOne() throws Exception {
        Instant before = Instant.now();

        write(authority, YEAR);

        Duration lasts = Duration.between(before.truncatedTo(ChronoUnit.SECONDS), read().until());
        assertEquals(YEAR.toHours(), lasts.toHours());
    }

    @Test
    void certificateThatHasEndedIsRefusedWithItsFileAndTheDate() throws Exception {
        write(authority, Duration.ofMinutes(-1));

        String fault = fault(Instant.now());

        assertTrue(fault.startsWith("--bus-tls: " + folder.resolve("node.crt") + " has ended at 20"), fault);
    }

    @Test
    void certificateThatDoesNotHoldYetIsRefusedWithTheDate() throws Exception {
        write(authority, YEAR);

        String fault = fault(Instant.now().minus(Duration.ofDays(1)));

        assertTrue(fault.startsWith("--bus-tls: " + folder.resolve("node.crt") + " does not begin before 20"), fault);
    }

    @Test
    void certificateOfAnotherAuthorityIsRefused() throws Exception {
        write(new TestAuthority(), YEAR);

        String fault = fault(Instant.now());

        assertTrue(fault.contains("node.crt is not one that " + folder.resolve("authority.crt")), fault);
    }

    @Test
    void keyOfAnotherCertificateIsRefused() throws Exception {
        write(authority, YEAR);
        Files.writeString(
                folder.resolve("node.key"),
                TestAuthority.pkcs8(authority.issue("two").key()));

        String fault = fault(Instant.now());

        assertTrue(fault.contains("node.key: the key is not that of the file's first certificate"), fault);
    }

    @Test
    void authorityWithoutACertificateIsRefused() throws Exception {
        write(authority, YEAR);
        Files.writeString(folder.resolve("authority.crt"), "");

        assertEquals(
                "--bus-tls: " + folder.resolve("authority.crt") + " has no CERTIFICATE in it", fault(Instant.now()));
    }

    @Test
    void whatWasReadStaysGoodOverItsEndWhileTheFilesStay() throws Exception {
        write(authority, YEAR);
        SettableClock clock = new SettableClock();
        BusFiles files = new BusFiles(folder, clock);
        BusCertificate before = files.read();

        clock.advance(YEAR.plusDays(1));
        assertSame(before, files.read());

        write(authority, YEAR); // Which at this time has ended as well.
        assertThrows(ConfigException.class, files::read);
    }

    @Test
    void nodeTrustsAllAuthoritiesOfABundle() throws Exception {
        TestAuthority next = new TestAuthority();
        write(authority, YEAR);
        Files.writeString(
                folder.resolve("authority.crt"),
                TestAuthority.pem(authority.certificate()) + TestAuthority.pem(next.certificate()));

        assertEquals(List.of(authority.certificate(), next.certificate()), read().authorities());
    }

    /** What is in the folder of a node, whose own authority is {@link #authority} in any case. */
    private void write(TestAuthority signer, Duration life) throws Exception {
        TestAuthority.Issued node = signer.issue("EC", life, "one");
        Files.writeString(folder.resolve("node.crt"), TestAuthority.pem(node.certificate()));
        Files.writeString(folder.resolve("node.key"), TestAuthority.pkcs8(node.key()));
        Files.writeString(folder.resolve("authority.crt"), TestAuthority.pem(authority.certificate()));
    }

    private String fault(Instant now) {
        return String.valueOf(
                assertThrows(ConfigException.class, () -> read(now)).getMessage());
    }

    private BusCertificate read() {
        return read(Instant.now());
    }

    private BusCertificate read(Instant now) {
        return new BusFiles(folder, Clock.fixed(now, ZoneOffset.UTC)).read();
    }
}
