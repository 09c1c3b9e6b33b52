package dev.culvert.edge.tls;

import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The operator's files, a certificate chain and a key for each pair. Used by one thread at a time. */
public final class PemFiles implements CertificateSource {
    private final List<Pair> pairs;
    private final @Nullable String domain;
    private List<String> texts = List.of();
    private List<KeyAndChain> read = List.of();

    /** Beside certificates from elsewhere. */
    public PemFiles(List<Pair> pairs) {
        this(pairs, null);
    }

    /**
     * The only ones for the domain.
     *
     * @param domain null where there are others
     */
    public PemFiles(List<Pair> pairs, @Nullable String domain) {
        this.pairs = List.copyOf(pairs);
        this.domain = domain;
    }

    /** Two files that belong together. */
    public record Pair(Path certificate, Path key) {}

    @Override
    public List<KeyAndChain> read() throws BrokenCertificateException {
        List<String> now = new ArrayList<>();
        for (Pair pair : pairs) {
            now.add(text("--cert", pair.certificate()));
            now.add(text("--key", pair.key()));
        }
        if (!now.equals(texts)) {
            List<KeyAndChain> parsed = new ArrayList<>();
            for (int at = 0; at < pairs.size(); at++) {
                parsed.add(parse(pairs.get(at), now.get(2 * at), now.get(2 * at + 1)));
            }
            read = List.copyOf(parsed);
            texts = now;
        }
        return read;
    }

    @Override
    public @Nullable String onlyOneFor() {
        return domain;
    }

    private static KeyAndChain parse(Pair pair, String chain, String key) throws BrokenCertificateException {
        try {
            KeyAndChain parsed = KeyAndChain.ofPem(chain, key);
            CertificateNames.require(parsed.certificate());
            return parsed;
        } catch (BrokenCertificateException e) {
            throw new BrokenCertificateException(
                    "%s and %s: %s".formatted(pair.certificate(), pair.key(), e.getMessage()));
        }
    }

    private static String text(String option, Path file) throws BrokenCertificateException {
        try {
            return SmallFile.text(file, SmallFile.LARGEST_BYTES);
        } catch (MalformedInputException e) {
            throw new BrokenCertificateException("%s: %s is not PEM, which is text".formatted(option, file));
        } catch (IOException e) {
            throw new BrokenCertificateException(option + ": " + FileFaults.sentence(file, e));
        }
    }

    @Override
    public String toString() {
        return pairs.stream().map(pair -> pair.certificate().toString()).collect(Collectors.joining(","));
    }
}
