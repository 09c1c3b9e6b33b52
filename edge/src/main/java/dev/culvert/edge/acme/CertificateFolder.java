package dev.culvert.edge.acme;

import dev.culvert.config.FileFaults;
import dev.culvert.config.PrivateFiles;
import dev.culvert.names.HostName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Certificates with their keys in a folder that only this user may read, a file for each host. Blocks. */
final class CertificateFolder {
    private static final Logger LOGGER = LoggerFactory.getLogger(CertificateFolder.class);

    private static final String SUFFIX = ".pem";

    /** In place of the wildcard's, which not every file system takes; no host's name has it. */
    private static final String WILDCARD = "_.";

    private final PrivateFiles files;

    /** A folder, which is made when it is needed. */
    CertificateFolder(Path folder) {
        this.files = new PrivateFiles(folder);
    }

    /** What there is, in PEM, by host. Files that nobody here has written are left alone. */
    Map<String, String> read() throws IOException {
        return files.alone(() -> {
            Map<String, String> byHost = new HashMap<>();
            try (Stream<Path> found = Files.list(files.folder())) {
                for (Path file : found.toList()) {
                    String name = file.getFileName().toString();
                    Optional<String> host = hostOf(name);
                    if (host.isPresent()) {
                        read(file, host.get(), byHost);
                    }
                }
            }
            return byHost;
        });
    }

    private static String fileOf(String host) {
        return (host.startsWith(OrderedCertificate.WILDCARD)
                        ? WILDCARD + host.substring(OrderedCertificate.WILDCARD.length())
                        : host)
                + SUFFIX;
    }

    private static Optional<String> hostOf(String file) {
        if (!file.endsWith(SUFFIX)) {
            return Optional.empty();
        }
        boolean wildcard = file.startsWith(WILDCARD);
        String domain = file.substring(wildcard ? WILDCARD.length() : 0, file.length() - SUFFIX.length());
        return HostName.isHost(domain)
                ? Optional.of(wildcard ? OrderedCertificate.WILDCARD + domain : domain)
                : Optional.empty();
    }

    private static void read(Path file, String host, Map<String, String> byHost) {
        try {
            byHost.put(host, Files.readString(file));
        } catch (IOException e) {
            LOGGER.atWarn().addKeyValue("fault", FileFaults.sentence(file, e)).log("certificate left out");
        }
    }

    void write(String host, String pem) throws IOException {
        files.alone(() -> {
            files.write(fileOf(host), pem);
            return true;
        });
    }

    void remove(String host) throws IOException {
        files.alone(() -> Files.deleteIfExists(files.folder().resolve(fileOf(host))));
    }

    @Override
    public String toString() {
        return files.folder().toString();
    }
}
