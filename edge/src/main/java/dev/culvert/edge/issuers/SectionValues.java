package dev.culvert.edge.issuers;

import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import dev.culvert.config.YamlSection;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What operators write of issuers and providers of identities. All fail with a {@link dev.culvert.config.ConfigException}
 * that says which line is wrong, and how.
 */
public final class SectionValues {
    private SectionValues() {}

    /** A text that has to be there. */
    public static String required(YamlSection section, String key) {
        return section.text(key).filter(text -> !text.isBlank()).orElseThrow(() -> section.error(key, "is missing"));
    }

    /**
     * A place that is {@linkplain Documents#isSafe safe}: who changes keys on the way is anybody.
     *
     * @param wrong what to say where it is not
     */
    public static URI safeUrl(YamlSection section, String key, String text, String wrong) {
        try {
            URI url = URI.create(text);
            if (Documents.isSafe(url)) {
                return url;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw section.error(key, wrong);
    }

    /** The text of a file that a value names. Blocks. */
    public static String textOf(YamlSection section, String key, String file) {
        try {
            Path path = Path.of(file);
            try {
                return SmallFile.text(path, SmallFile.LARGEST_BYTES);
            } catch (IOException e) {
                throw section.error(key, FileFaults.sentence(path, e));
            }
        } catch (InvalidPathException e) {
            throw section.error(key, "is not a file name: " + file);
        }
    }

    /** The certificates in PEM of the file that a value names; none where there is no value. Blocks. */
    public static List<X509Certificate> certificates(YamlSection section, String key) {
        return section.text(key).map(file -> certificates(section, key, file)).orElse(List.of());
    }

    private static List<X509Certificate> certificates(YamlSection section, String key, String file) {
        byte[] pem = textOf(section, key, file).getBytes(StandardCharsets.UTF_8);
        try {
            List<X509Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (!certificates.isEmpty()) {
                return certificates;
            }
        } catch (CertificateException e) {
            // Said below.
        }
        throw section.error(key, file + " has no certificates in PEM");
    }
}
