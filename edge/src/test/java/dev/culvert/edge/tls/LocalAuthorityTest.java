package dev.culvert.edge.tls;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.SettableClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalAuthorityTest {
    @TempDir
    Path parent;

    private Path folder;
    private final SettableClock clock = new SettableClock();

    @BeforeEach
    void name() {
        folder = parent.resolve("authority");
    }

    @Test
    void isMadeOnceAndItsKeyIsItsOwnersAlone() throws Exception {
        X509Certificate first = authorityOf("example.com");
        X509Certificate second = authorityOf("other.example");

        assertEquals(first, second);
        assertEquals("rw-------", mode(folder.resolve("authority.key")));
        assertTrue(Files.exists(folder.resolve("authority.crt")), WHAT_TO_DO);
        assertEquals("rwx------", mode(folder));
        assertTrue(Files.readString(new LocalAuthority(folder, "x.example", clock).certificateFile())
                .startsWith("-----BEGIN CERTIFICATE-----"));
    }

    @Test
    void certifiesTheDomainAndWhatIsUnderIt() throws Exception {
        LocalAuthority authority = new LocalAuthority(folder, "tunnel.test", clock);

        KeyAndChain made = authority.read().get(0);

        made.certificate().verify(made.chain().get(1).getPublicKey());
        assertEquals(
                "*.tunnel.test,tunnel.test",
                ServedCertificate.of(made, Runnable::run).toString());
    }

    @Test
    void everyHostUnderLocalhostGetsACertificateOfItsOwnBecauseClientsTakeNoWildcardThere() throws Exception {
        LocalAuthority authority = new LocalAuthority(folder, "localhost", clock);

        ServedCertificate own = ServedCertificate.of(authority.read().get(0), Runnable::run);
        KeyAndChain issued = authority.issueFor("app.localhost");

        assertTrue(own.covers("localhost") && own.covers("127.0.0.1") && own.covers("[::1]"));
        assertNotNull(issued);
        assertEquals(
                "app.localhost", ServedCertificate.of(issued, Runnable::run).toString());
        issued.certificate().verify(issued.chain().get(1).getPublicKey());
        assertNull(authority.issueFor("a.b.localhost"));
        assertNull(authority.issueFor("example.com"));
    }

    @Test
    void theCertificateIsMadeAnewBeforeItEnds() throws Exception {
        LocalAuthority authority = new LocalAuthority(folder, "example.com", clock);
        KeyAndChain first = authority.read().get(0);

        clock.advance(Duration.ofDays(59));
        assertEquals(first, authority.read().get(0));
        clock.advance(Duration.ofDays(2));
        KeyAndChain second = authority.read().get(0);

        assertNotEquals(first, second);
        assertEquals(first.chain().get(1), second.chain().get(1));
        assertTrue(second.certificate()
                .getNotAfter()
                .toInstant()
                .isAfter(clock.instant().plus(Duration.ofDays(80))));
    }

    private X509Certificate authorityOf(String domain) throws Exception {
        return new LocalAuthority(folder, domain, clock).read().get(0).chain().get(1);
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
