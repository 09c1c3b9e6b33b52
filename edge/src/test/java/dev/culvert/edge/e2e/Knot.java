package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Knot, a name server, with a domain all of whose hosts are this machine, and which who has the key can change (RFC 2136).
 *
 * @param program what {@code --acme-dns} takes: the sample of {@code docs/operating.md}, for this server
 */
record Knot(int port, Path program) {
    private static final String SECRET = "8dX3Ln5YzUR3hJ1vTiYpQZzU4Xl1u7vMJx0b1bYzq1E=";

    static Knot start(Stage stage, String domain) throws IOException {
        Path folder = stage.folder("knot");
        Files.writeString(folder.resolve("zone"), """
                $TTL 60
                @  SOA ns ops 1 3600 600 86400 60
                @  NS  ns
                ns A   127.0.0.1
                @  A   127.0.0.1
                *  A   127.0.0.1
                """);
        int port = Stage.freePort();
        Path config = Files.writeString(folder.resolve("knot.conf"), """
                server:
                    listen: 127.0.0.1@%1$d
                    rundir: "%2$s"
                    udp-workers: 1
                    tcp-workers: 1
                    background-workers: 1
                control:
                    listen: "%2$s/control"
                database:
                    storage: "%2$s"
                log:
                  - target: stderr
                    any: info
                key:
                  - id: culvert
                    algorithm: hmac-sha256
                    secret: %3$s
                acl:
                  - id: culvert
                    key: culvert
                    action: update
                zone:
                  - domain: %4$s
                    storage: "%2$s"
                    file: zone
                    zonefile-sync: -1
                    acl: culvert
                """.formatted(port, folder, SECRET, domain));
        Program knotd = stage.program("knotd", List.of(Program.installed("knotd"), "--config", config.toString()));
        knotd.err().await("server started");
        return new Knot(port, sample(folder, port));
    }

    private static Path sample(Path folder, int port) throws IOException {
        Path key = Files.writeString(
                folder.resolve("dns.key"),
                "key \"culvert\" { algorithm hmac-sha256; secret \"%s\"; };\n".formatted(SECRET));
        Path file =
                Files.writeString(folder.resolve("dns.sh"), """
                #!/bin/sh
                case $1 in present) change=add ;; *) change=delete ;; esac
                exec %s -k %s <<END
                server 127.0.0.1 %d
                update $change $2 60 TXT "$3"
                send
                END
                """.formatted(Program.installed("nsupdate"), key, port));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }

    /** What it answers those who ask for the texts of a name. */
    List<String> texts(Stage stage, String name) throws IOException {
        return stage.program(
                        "dig",
                        List.of(
                                Program.installed("dig"),
                                "+short",
                                "-p",
                                Integer.toString(port),
                                "@127.0.0.1",
                                name,
                                "TXT"))
                .out()
                .awaitEnd();
    }
}
