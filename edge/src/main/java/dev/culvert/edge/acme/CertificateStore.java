package dev.culvert.edge.acme;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.tls.BrokenCertificateException;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.KeyAndChain;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates that were ordered, one a host: in a folder of this node's own, which outlives it, and from the cluster's memory,
 * where all nodes find what one of them has ordered. Certificate and key are one text in PEM. Safe for use by any thread;
 * blocks.
 */
final class CertificateStore implements CertificateSource {
    private static final Logger LOGGER = LoggerFactory.getLogger(CertificateStore.class);

    /** Renewed when a third of its life is left: where an order fails there is time to look into it. */
    private static final int RENEWED_AT_PART = 3;

    private final CertificateFolder folder;
    private final @Nullable CertificateSource operators;
    private final Clock clock;
    private final Map<String, Stored> byHost = new ConcurrentHashMap<>();
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Shared shared;

    /**
     * A store.
     *
     * @param operators the operator's own certificates, which come first; null where there are none
     */
    CertificateStore(Path folder, @Nullable CertificateSource operators, Clock clock) {
        this.folder = new CertificateFolder(folder);
        this.operators = operators;
        this.clock = clock;
    }

    private record Stored(String pem, KeyAndChain certificate) {
        Instant until() {
            return certificate.until();
        }

        /** What all nodes call it; a renewed one is called otherwise. */
        String key(String host) {
            return host + " " + until().toEpochMilli();
        }
    }

    private record Shared(ClusterTexts texts, Seal seal) {}

    /** Reads what the folder has, and takes away what has ended. */
    void load() throws IOException {
        for (Map.Entry<String, String> found : folder.read().entrySet()) {
            Optional<Stored> kept = keep(found.getKey(), found.getValue());
            if (kept.isPresent() && kept.get().until().isBefore(clock.instant())) {
                folder.remove(found.getKey());
            }
        }
    }

    /** From here on with other nodes, who get what this one has. */
    void share(ClusterTexts texts, Seal seal) {
        Shared with = new Shared(texts, seal);
        byHost.forEach((host, stored) -> give(with, host, stored));
        shared = with;
    }

    @Override
    public List<KeyAndChain> read() throws IOException, BrokenCertificateException {
        List<KeyAndChain> all = new ArrayList<>(operators == null ? List.of() : operators.read());
        try {
            takeFromOthers();
        } catch (RuntimeException e) { // As Hazelcast has it, for a moment without an answer.
            LOGGER.atDebug().addKeyValue("fault", e).log("no certificates from other nodes; asking again");
        }
        Instant now = clock.instant();
        byHost.entrySet().stream()
                .filter(entry -> entry.getValue().until().isAfter(now))
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> all.add(entry.getValue().certificate()));
        return all;
    }

    /** Those hosts for which a certificate is to be ordered, because there is none or it will end. */
    List<String> missing(Collection<String> hosts) throws IOException, BrokenCertificateException {
        List<KeyAndChain> given = operators == null ? List.of() : operators.read();
        return hosts.stream()
                .filter(host -> given.stream().noneMatch(own -> own.covers(host)) && needs(host))
                .toList();
    }

    private boolean needs(String host) {
        Stored stored = byHost.get(host);
        if (stored == null) {
            return true;
        }
        Duration life = Duration.between(stored.certificate().since(), stored.until());
        return stored.until().minus(life.dividedBy(RENEWED_AT_PART)).isBefore(clock.instant());
    }

    /** A certificate that was ordered, with its key. */
    void add(String host, String pem) throws IOException {
        Stored before = byHost.get(host);
        Stored stored = keep(host, pem).orElseThrow(() -> new IOException("the authority's certificate is broken"));
        folder.write(host, pem);
        Shared with = shared;
        if (with != null) {
            give(with, host, stored);
            if (before != null) {
                with.texts().remove(before.key(host));
            }
        }
    }

    private void takeFromOthers() {
        Shared with = shared;
        if (with == null || !with.texts().isMember()) {
            return;
        }
        Set<String> keys = with.texts().keys();
        unreadable.retainAll(keys);
        for (String key : keys) {
            int space = key.indexOf(' ');
            String host = key.substring(0, space);
            Instant until = Instant.ofEpochMilli(Long.parseLong(key.substring(space + 1)));
            Stored ours = byHost.get(host);
            if (until.isBefore(clock.instant())) {
                with.texts().remove(key);
            } else if ((ours == null || ours.until().isBefore(until)) && !unreadable.contains(key)) {
                Optional<String> found = with.texts().get(key);
                if (found.isPresent() && !take(with, host, found.get())) {
                    unreadable.add(key); // To be told once.
                }
            }
        }
    }

    private boolean take(Shared from, String host, String text) {
        Optional<String> pem = from.seal().open(host, text);
        if (pem.isEmpty() || keep(host, pem.get()).isEmpty()) {
            LOGGER.atWarn()
                    .addKeyValue("host", host)
                    .log("another node's certificate cannot be read: the nodes need the same --cluster-secret-file");
            return false;
        }
        try {
            folder.write(host, pem.get());
        } catch (IOException e) {
            LOGGER.atWarn()
                    .addKeyValue("host", host)
                    .addKeyValue("fault", e)
                    .log("certificate not written to its folder");
        }
        return true;
    }

    @CanIgnoreReturnValue
    private Optional<Stored> keep(String host, String pem) {
        try {
            Stored stored = new Stored(pem, KeyAndChain.ofPem(pem, pem));
            byHost.put(host, stored);
            return Optional.of(stored);
        } catch (BrokenCertificateException e) {
            LOGGER.atWarn()
                    .addKeyValue("host", host)
                    .addKeyValue("fault", Objects.requireNonNullElse(e.getMessage(), "broken"))
                    .log("certificate left out");
            return Optional.empty();
        }
    }

    private static void give(Shared with, String host, Stored stored) {
        with.texts().put(stored.key(host), with.seal().seal(host, stored.pem()));
    }

    @Override
    public String toString() {
        return "the certificates in " + folder;
    }
}
