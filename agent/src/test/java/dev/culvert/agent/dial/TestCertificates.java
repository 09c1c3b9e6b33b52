package dev.culvert.agent.dial;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority and what it signs, in a folder, made by openssl. */
public final class TestCertificates {
    private final Path folder;

    private TestCertificates(Path folder) {
        this.folder = folder;
    }

    /**
     * A key and the certificate for it, in PEM.
     */
    public record Pair(Path key, Path certificate) {}

    public static TestCertificates in(Path folder) throws Exception {
        TestCertificates made = new TestCertificates(folder);
        made.make("authority", List.of("-addext", "basicConstraints=critical,CA:TRUE"));
        return made;
    }

    /** The certificate of the authority. */
    Path authority() {
        return folder.resolve("authority.crt");
    }

    /**
     * A signed one.
     *
     * @param host as openssl has it, {@code DNS:localhost}
     */
    public Pair signed(String name, String host, String... more) throws Exception {
        List<String> options = new ArrayList<>(List.of("-addext", "subjectAltName=" + host));
        options.addAll(List.of("-addext", "basicConstraints=critical,CA:FALSE"));
        options.addAll(List.of(
                "-CA",
                authority().toString(),
                "-CAkey",
                folder.resolve("authority.key").toString()));
        options.addAll(List.of(more));
        return make(name, options);
    }

    /** A certificate for {@code localhost} that expired yesterday. */
    Pair expired() throws IOException, InterruptedException {
        Pair pair = new Pair(folder.resolve("expired.key"), folder.resolve("expired.crt"));
        String request = folder.resolve("expired.csr").toString();
        List<String> asking = new ArrayList<>(List.of("req", "-new", "-nodes", "-subj", "/CN=expired"));
        asking.addAll(List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"));
        asking.addAll(List.of("-addext", "subjectAltName=DNS:localhost", "-out", request));
        asking.addAll(List.of("-keyout", pair.key().toString()));
        openssl(asking);
        List<String> signing =
                new ArrayList<>(List.of("x509", "-req", "-in", request, "-days", "-1", "-set_serial", "7"));
        signing.addAll(List.of("-copy_extensions", "copyall", "-CA", authority().toString()));
        signing.addAll(List.of("-CAkey", folder.resolve("authority.key").toString()));
        signing.addAll(List.of("-out", pair.certificate().toString()));
        openssl(signing);
        return pair;
    }

    private Pair make(String name, List<String> options) throws IOException, InterruptedException {
        Pair pair = new Pair(folder.resolve(name + ".key"), folder.resolve(name + ".crt"));
        List<String> command = new ArrayList<>(List.of("req", "-x509", "-nodes", "-subj", "/CN=" + name));
        command.addAll(List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "7"));
        command.addAll(List.of(
                "-keyout", pair.key().toString(), "-out", pair.certificate().toString()));
        command.addAll(options);
        openssl(command);
        return pair;
    }

    private void openssl(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(arguments);
        command.add(0, "openssl");
        Path log = folder.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new AssertionError("openssl: " + Files.readString(log));
        }
    }
}
