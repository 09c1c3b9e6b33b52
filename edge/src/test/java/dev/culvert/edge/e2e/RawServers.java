package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Servers that speak no HTTP, as Debian has them, on loopback and with nothing of the machine's own configuration. */
final class RawServers {
    private RawServers() {}

    /** Redis; tells its port. */
    static int redis(Stage stage) throws IOException {
        int port = Stage.freePort();
        Program redis = stage.program(
                "redis-server",
                List.of(
                        Program.installed("redis-server"),
                        "--port",
                        "" + port,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--dir",
                        stage.folder("redis").toString()));
        redis.out().await("Ready to accept connections");
        return port;
    }

    /** PostgreSQL with a new, empty database, whose user postgres needs no password; tells its port. */
    static int postgres(DaemonUser user) throws IOException {
        int port = Stage.freePort();
        Path programs = postgresPrograms();
        String data = user.folder().resolve("data").toString();
        Program made = user.start(
                "initdb",
                programs.resolve("initdb").toString(),
                "--pgdata=" + data,
                "--username=postgres",
                "--auth=trust",
                "--no-locale",
                "--encoding=UTF8",
                "--no-sync");
        assertEquals(0, made.exitCode(), made::said);
        Program server = user.start(
                "postgres",
                programs.resolve("postgres").toString(),
                "-D",
                data,
                "-p",
                "" + port,
                "-h",
                "127.0.0.1",
                "-k",
                user.folder().toString(),
                "-F");
        server.err().await("database system is ready to accept connections");
        return port;
    }

    /** OpenSSH's server, which lets the user in who has the key; tells its port. */
    static int sshd(DaemonUser user, Path publicKey) throws IOException {
        int port = Stage.freePort();
        Path folder = user.folder();
        Path authorized = Files.copy(publicKey, folder.resolve("authorized_keys"));
        user.give(authorized);
        Program key = user.start(
                "ssh-keygen",
                Program.installed("ssh-keygen"),
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                folder.resolve("host_key").toString());
        assertEquals(0, key.exitCode(), key::said);
        Path config = Files.writeString(folder.resolve("sshd_config"), """
                Port %1$d
                ListenAddress 127.0.0.1
                HostKey %2$s/host_key
                AuthorizedKeysFile %2$s/authorized_keys
                PidFile none
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                Subsystem sftp internal-sftp
                """.formatted(port, folder));
        user.give(config);
        Program server = user.start("sshd", Program.installed("sshd"), "-D", "-e", "-f", config.toString());
        server.err().await("Server listening on");
        return port;
    }

    /** Debian keeps each of PostgreSQL's versions in a folder of its own. */
    private static Path postgresPrograms() throws IOException {
        try (DirectoryStream<Path> versions = Files.newDirectoryStream(Path.of("/usr/lib/postgresql"))) {
            for (Path version : versions) {
                if (Files.isExecutable(version.resolve("bin/initdb"))) {
                    return version.resolve("bin");
                }
            }
        }
        throw new AssertionError("PostgreSQL is not installed, and this test needs it; ./verify installs it");
    }
}
