package dev.culvert.edge.acme;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.tls.BrokenCertificateException;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.KeyAndChain;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates that were ordered, one a host: in a folder of this node's own, which outlives it, and in the cluster's memory,
 * where all nodes find what one of them has ordered. Safe for use by any thread; blocks.
 */
final class CertificateStore implements CertificateSource {
    private static final Logger LOGGER = LoggerFactory.getLogger(CertificateStore.class);

    /** Beyond that their visitors wait again. */
    private static final int MOST_HOPELESS = 10_000;

    private final CertificateFolder folder;
    private final String domain;
    private final @Nullable CertificateSource operators;
    private final Clock clock;
    private final Map<String, OrderedCertificate> byHost = new ConcurrentHashMap<>();
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

    /** Hosts whose orders have failed, with the time of the next. */
    private final Map<String, Instant> hopeless = new ConcurrentHashMap<>();

    /** As they were read last: those that are broken for a moment are not forgotten. */
    private volatile List<KeyAndChain> operatorsLast = List.of();

    private volatile @Nullable SealedTexts shared;

    /**
     * A store.
     *
     * @param domain whose certificate stands before those of other hosts
     * @param operators the operator's own certificates, which come first; null where there are none
     */
    CertificateStore(Path folder, String domain, @Nullable CertificateSource operators, Clock clock) {
        this.folder = new CertificateFolder(folder);
        this.domain = domain;
        this.operators = operators;
        this.clock = clock;
    }

    /** Reads what the folder has, and takes away what has ended. */
    void load() throws IOException {
        for (Map.Entry<String, String> found : folder.read().entrySet()) {
            Optional<OrderedCertificate> kept = keep(found.getKey(), found.getValue());
            if (kept.isPresent() && kept.get().isOver(clock.instant())) {
                folder.remove(found.getKey());
            }
        }
    }

    /** From here on with other nodes: they get what this one has, and it gets theirs. */
    void share(SealedTexts texts) {
        shared = texts;
        exchange();
    }

    @Override
    public List<KeyAndChain> read() throws IOException, BrokenCertificateException {
        exchange();
        if (operators != null) {
            operatorsLast = operators.read();
        }
        Instant now = clock.instant();
        List<KeyAndChain> all = new ArrayList<>(operatorsLast);
        byHost.values().stream()
                .filter(ordered -> !ordered.isOver(now) && !hasWildcardFor(ordered.host(), now))
                .sorted(Comparator.comparing(
                                (OrderedCertificate ordered) -> !ordered.host().equals(domain))
                        .thenComparing(OrderedCertificate::host))
                .forEach(ordered -> all.add(ordered.certificate()));
        return all;
    }

    /** Whether a certificate of the host's own, from before there was one for the whole domain, is of no use any more. */
    private boolean hasWildcardFor(String host, Instant now) {
        OrderedCertificate wildcard = byHost.get(wildcardOf(host));
        return wildcard != null && !wildcard.isOver(now);
    }

    /** What another certificate that would do for the host was ordered for; for a wildcard there is none. */
    private static String wildcardOf(String host) {
        return host.startsWith(OrderedCertificate.WILDCARD)
                ? ""
                : OrderedCertificate.WILDCARD + host.substring(host.indexOf('.') + 1);
    }

    /** Those hosts for which a certificate is to be ordered, because there is none or it will end. */
    List<String> missing(Collection<String> hosts) {
        Instant now = clock.instant();
        return hosts.stream()
                .filter(host -> operatorsLast.stream().noneMatch(own -> own.covers(host)))
                .filter(host -> isDue(host, now) && isDue(wildcardOf(host), now))
                .toList();
    }

    private boolean isDue(String orderedFor, Instant now) {
        OrderedCertificate ordered = byHost.get(orderedFor);
        return ordered == null || ordered.isDue(now);
    }

    /** An order for the host has failed, and comes to nothing before the time: its visitors need not wait for it. */
    void failed(String host, Instant again) {
        if (hopeless.size() >= MOST_HOPELESS) {
            hopeless.clear();
        }
        hopeless.put(host, again);
    }

    /** Whether there is one for the host, due or not. */
    boolean has(String host) {
        return byHost.containsKey(host);
    }

    /** A certificate that was ordered, with its key. */
    void add(String host, String pem) throws BrokenCertificateException {
        OrderedCertificate before = byHost.get(host);
        OrderedCertificate ordered = OrderedCertificate.of(host, pem);
        byHost.put(host, ordered);
        SealedTexts texts = shared;
        if (texts != null) {
            texts.put(ordered.key().toString(), pem);
            if (before != null) {
                texts.remove(before.key().toString());
            }
        }
        write(host, pem);
    }

    /** What this node lacks it takes, and what the others lack it gives: nodes that kept it may have died. */
    private void exchange() {
        SealedTexts texts = shared;
        if (texts == null || !texts.isMember()) {
            return;
        }
        try {
            Map<String, OrderedCertificate.Key> theirs = takeFrom(texts);
            Instant now = clock.instant();
            for (OrderedCertificate ours : byHost.values()) {
                OrderedCertificate.Key latest = theirs.get(ours.host());
                if ((latest == null || ours.key().isLaterThan(latest)) && !ours.isOver(now)) {
                    texts.put(ours.key().toString(), ours.pem());
                }
            }
        } catch (RuntimeException e) { // As Hazelcast has it, for a moment without an answer.
            LOGGER.atDebug().addKeyValue("fault", e).log("certificates not exchanged with other nodes; trying again");
        }
    }

    /** The latest of each host that the cluster has and this node can read. */
    private Map<String, OrderedCertificate.Key> takeFrom(SealedTexts texts) {
        Set<String> keys = texts.keys();
        unreadable.retainAll(keys);
        Map<String, OrderedCertificate.Key> latest = new HashMap<>();
        for (String text : keys) {
            OrderedCertificate.Key key = OrderedCertificate.Key.parse(text).orElse(null);
            if (key == null || unreadable.contains(text)) {
                continue;
            } else if (key.until().isBefore(clock.instant())) {
                texts.remove(text);
                continue;
            }
            OrderedCertificate ours = byHost.get(key.host());
            boolean later = ours == null || key.isLaterThan(ours.key());
            if (!later || take(texts, key)) {
                latest.merge(key.host(), key, (one, other) -> one.isLaterThan(other) ? one : other);
            }
        }
        return latest;
    }

    private boolean take(SealedTexts texts, OrderedCertificate.Key key) {
        Optional<String> pem = texts.get(key.toString());
        if (pem.isPresent() && keep(key.host(), pem.get()).isPresent()) {
            write(key.host(), pem.get());
            return true;
        }
        if (unreadable.isEmpty()) {
            LOGGER.atWarn()
                    .addKeyValue("host", key.host())
                    .log("certificates of other nodes cannot be read: all need the same --cluster-secret-file");
        }
        unreadable.add(key.toString());
        return false;
    }

    @CanIgnoreReturnValue
    private Optional<OrderedCertificate> keep(String host, String pem) {
        try {
            OrderedCertificate ordered = OrderedCertificate.of(host, pem);
            byHost.put(host, ordered);
            return Optional.of(ordered);
        } catch (BrokenCertificateException e) {
            LOGGER.atWarn()
                    .addKeyValue("host", host)
                    .addKeyValue("fault", Objects.requireNonNullElse(e.getMessage(), "broken"))
                    .log("certificate left out");
            return Optional.empty();
        }
    }

    /** Without its file it is served all the same, and lost with the last node. */
    private void write(String host, String pem) {
        try {
            folder.write(host, pem);
        } catch (IOException e) {
            LOGGER.atWarn()
                    .addKeyValue("host", host)
                    .addKeyValue("fault", e)
                    .log("certificate not written to its folder");
        }
    }

    /** A tunnel's is ordered once the tunnel is there. That an order has failed knows the node that orders alone. */
    @Override
    public boolean isAwaited(String host) {
        Instant now = clock.instant();
        return Stream.of(host, wildcardOf(host))
                .noneMatch(one -> now.isBefore(hopeless.getOrDefault(one, Instant.MIN)));
    }

    /** Certificate and key are one text here; an operator's files are not. */
    @Override
    public boolean isWhole() {
        return operators == null;
    }

    @Override
    public String toString() {
        return "the certificates in " + folder;
    }
}
