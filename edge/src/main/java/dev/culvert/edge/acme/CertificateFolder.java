package dev.culvert.edge.acme;

import dev.culvert.config.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Certificates with their keys in a folder that only this user may read, a file for each host. Blocks. */
final class CertificateFolder {
    private static final String SUFFIX = ".pem";

    private final PrivateFiles files;

    /** A folder, which is made when it is needed. */
    CertificateFolder(Path folder) {
        this.files = new PrivateFiles(folder);
    }

    /** What there is, in PEM, by host. */
    Map<String, String> read() throws IOException {
        return files.alone(() -> {
            Map<String, String> byHost = new HashMap<>();
            try (Stream<Path> found = Files.list(files.folder())) {
                for (Path file : found.toList()) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(SUFFIX)) {
                        byHost.put(name.substring(0, name.length() - SUFFIX.length()), Files.readString(file));
                    }
                }
            }
            return byHost;
        });
    }

    void write(String host, String pem) throws IOException {
        files.alone(() -> {
            files.write(host + SUFFIX, pem);
            return true;
        });
    }

    void remove(String host) throws IOException {
        files.alone(() -> Files.deleteIfExists(files.folder().resolve(host + SUFFIX)));
    }

    @Override
    public String toString() {
        return files.folder().toString();
    }
}
