package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A certificate for chains that take visitors in by TLS.
 *
 * @param both the certificate and its key in one file
 */
record Pem(Path certificate, Path key, Path both) {
    static Pem make(Path folder) throws IOException, InterruptedException {
        Path certificate = folder.resolve("cert.pem");
        Path key = folder.resolve("key.pem");
        Program.run(List.of(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,DNS:*.localhost",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString()));
        Path both =
                Files.writeString(folder.resolve("both.pem"), Files.readString(certificate) + Files.readString(key));
        return new Pem(certificate, key, both);
    }

    /** An edge that has it for its visitors, and no port without TLS. */
    List<String> edgeOptions() {
        return List.of(
                "--http-port", "off", "--https-port", "0", "--cert", certificate.toString(), "--key", key.toString());
    }
}
