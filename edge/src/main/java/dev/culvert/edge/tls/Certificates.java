package dev.culvert.edge.tls;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.config.ConfigException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates of an edge, by the host that a client names (SNI). Their source is read again every
 * {@linkplain #start interval}; connections that stand keep what they were served. A change counts once two readings in
 * a row agree on it, because a certificate and its key may be written one after the other. One that is broken changes
 * nothing and is logged once. Safe for use by any thread.
 */
public final class Certificates {
    /** A new certificate is served within two of these. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    /** From here on an operator should know: authorities that renew by themselves do it far earlier. */
    private static final Duration SOON = Duration.ofDays(7);

    /** How often the operator is told so, while the edge runs on. */
    private static final Duration TOLD_EVERY = Duration.ofDays(1);

    /** Certificates made for hosts as clients name them; beyond that they are made again. About 20 KiB each. */
    private static final int MOST_ISSUED = 1_000;

    private static final Logger LOGGER = LoggerFactory.getLogger(Certificates.class);

    private final Vertx vertx;
    private final CertificateSource source;
    private final Executor handshakes;
    private volatile Table table;
    private volatile long timer;
    private volatile boolean closed;

    // One reading follows the other; these are its own.
    private volatile @Nullable List<KeyAndChain> candidate;
    private volatile @Nullable String fault;
    private volatile @Nullable String logged;

    private Certificates(Vertx vertx, CertificateSource source, Executor handshakes, Table table) {
        this.vertx = vertx;
        this.source = source;
        this.handshakes = handshakes;
        this.table = table;
    }

    /**
     * Reads the certificates and keeps watching them.
     *
     * @param interval how long after a reading the next one starts; {@link #INTERVAL} in production
     * @return fails with a sentence for the operator when they cannot be read: a {@link ConfigException} where the files
     *     that were named are wrong
     */
    public static Future<Certificates> start(Vertx vertx, CertificateSource source, Duration interval) {
        return start(vertx, source, interval, new HandshakeThreads());
    }

    /**
     * The same.
     *
     * @param handshakes where those of TLS are computed, other than on event loops; {@linkplain #close closed} with these
     *     if it can be
     */
    public static Future<Certificates> start(
            Vertx vertx, CertificateSource source, Duration interval, Executor handshakes) {
        return vertx.executeBlocking(() -> Table.of(source.read(), handshakes, Table.EMPTY), false)
                .recover(fault -> Future.failedFuture(atStart(source, fault)))
                .map(table -> {
                    Certificates certificates = new Certificates(vertx, source, handshakes, table);
                    table.tell("certificate read", Table.EMPTY, Instant.now());
                    certificates.tellOfUncovered();
                    certificates.watch(interval);
                    return certificates;
                });
    }

    /**
     * The certificate for a client.
     *
     * @param host as the client named it, in the normal form; null when it named none
     * @return one that names the host, exactly before by wildcard; the first for a client that named none; null when
     *     there is none for the host, or none at all
     */
    public @Nullable ServedCertificate forHost(@Nullable String host) {
        Table now = table;
        if (host == null) {
            return now.served.isEmpty() ? null : now.served.get(0);
        }
        ServedCertificate found = now.find(host);
        return found == null ? now.issued(host, source, handshakes) : found;
    }

    /** The domain's own, or where none names it, as one for {@code *.example.com} alone, the first; null when there is none. */
    public @Nullable ServedCertificate ownOf(String domain) {
        ServedCertificate own = forHost(domain);
        return own == null ? forHost(null) : own;
    }

    /** Whether there may be one within seconds for a host that is served here and has none yet. */
    public boolean isAwaited(String host) {
        return source.isAwaited(host);
    }

    /** Stops watching, and shakes no more hands. */
    public void close() {
        closed = true; // A reading that is under way starts no other.
        vertx.cancelTimer(timer);
        if (handshakes instanceof HandshakeThreads threads) {
            threads.close();
        }
    }

    private void watch(Duration interval) {
        timer = vertx.setTimer(interval.toMillis(), fired -> vertx.executeBlocking(this::reload, false)
                .onComplete(done -> {
                    if (!closed) {
                        watch(interval);
                    }
                }));
    }

    private Void reload() {
        try {
            take(source.read());
        } catch (IOException | BrokenCertificateException | RuntimeException e) {
            keep(e);
        }
        remind(Instant.now());
        return null;
    }

    /** Says again, each day, that a certificate ends: whoever started the edge months ago has not seen the first time. */
    @CanIgnoreReturnValue
    boolean remind(Instant now) {
        Table served = table;
        if (now.isBefore(served.tellAgain)) {
            return false;
        }
        served.tell("certificate is served", Table.EMPTY, now);
        return true;
    }

    private void take(List<KeyAndChain> read) throws BrokenCertificateException {
        if (read.equals(table.pairs)) {
            candidate = null;
            fault = null;
            logged = null;
        } else if (source.isWhole() || read.equals(candidate)) {
            Table before = table;
            Table fresh = Table.of(read, handshakes, before);
            table = fresh;
            candidate = null;
            fault = null;
            logged = null;
            fresh.tell("certificate changed; served from now on", before, Instant.now());
            tellOfUncovered();
        } else {
            candidate = read;
        }
    }

    /** The domain of the tunnels that no certificate is for as a whole, and none will be; null when all is well. */
    @Nullable
    String uncovered() {
        String domain = source.onlyOneFor();
        return domain == null || table.served.stream().anyMatch(certificate -> certificate.coversAllUnder(domain))
                ? null
                : domain;
    }

    private void tellOfUncovered() {
        String domain = uncovered();
        if (domain != null) {
            LOGGER.atWarn()
                    .addKeyValue("wanted", "*." + domain)
                    .addKeyValue("names", table.served)
                    .log("no certificate is for all tunnels; HTTPS fails for hosts that none of them names");
        }
    }

    private void keep(Exception broken) {
        candidate = null;
        String words = inWords(source, broken);
        if (words.equals(fault) && !words.equals(logged)) {
            logged = words;
            LOGGER.atError().addKeyValue("fault", words).log("certificate is broken; serving the one read before");
        }
        fault = words;
    }

    private static RuntimeException atStart(CertificateSource source, Throwable fault) {
        String words = inWords(source, fault);
        return fault instanceof BrokenCertificateException
                ? new ConfigException(words)
                : new IllegalStateException(words);
    }

    private static String inWords(CertificateSource source, Throwable fault) {
        if (fault instanceof BrokenCertificateException) {
            return Objects.requireNonNullElse(fault.getMessage(), "broken");
        }
        return "cannot read %s: %s".formatted(source, fault);
    }

    /** What is served at one time. */
    private static final class Table {
        static final Table EMPTY = new Table(List.of(), List.of());

        private final List<KeyAndChain> pairs;
        private final List<ServedCertificate> served;
        private final Map<String, ServedCertificate> issued = new ConcurrentHashMap<>();
        private volatile Instant tellAgain = Instant.MAX;

        private Table(List<KeyAndChain> pairs, List<ServedCertificate> served) {
            this.pairs = pairs;
            this.served = List.copyOf(served);
        }

        /** What is in the table before stays as it is, with the sessions that its clients may resume. */
        static Table of(List<KeyAndChain> pairs, Executor handshakes, Table before) throws BrokenCertificateException {
            List<ServedCertificate> served = new ArrayList<>();
            for (KeyAndChain pair : pairs) {
                int at = before.pairs.indexOf(pair);
                served.add(at < 0 ? ServedCertificate.of(pair, handshakes) : before.served.get(at));
            }
            return new Table(List.copyOf(pairs), served);
        }

        @Nullable
        ServedCertificate find(String host) {
            ServedCertificate byWildcard = null;
            for (ServedCertificate certificate : served) {
                if (certificate.coversExactly(host)) {
                    return certificate;
                } else if (byWildcard == null && certificate.covers(host)) {
                    byWildcard = certificate;
                }
            }
            return byWildcard;
        }

        @Nullable
        ServedCertificate issued(String host, CertificateSource source, Executor handshakes) {
            ServedCertificate before = issued.get(host);
            if (before != null) {
                return before;
            }
            KeyAndChain made = source.issueFor(host);
            if (made == null) {
                return null;
            }
            try {
                ServedCertificate fresh = ServedCertificate.of(made, handshakes);
                if (issued.size() >= MOST_ISSUED) {
                    issued.clear();
                }
                issued.put(host, fresh);
                return fresh;
            } catch (BrokenCertificateException e) {
                throw new IllegalStateException("a certificate of our own making is broken", e);
            }
        }

        /** Says what there is that was not in the table before. */
        void tell(String event, Table before, Instant now) {
            Instant again = Instant.MAX;
            for (ServedCertificate certificate : served) {
                Instant lateFrom = certificate.until().minus(SOON);
                boolean late = lateFrom.isBefore(now);
                Instant next = late ? now.plus(TOLD_EVERY) : lateFrom;
                again = next.isBefore(again) ? next : again;
                if (before.served.contains(certificate)) {
                    continue;
                }
                (late ? LOGGER.atWarn() : LOGGER.atInfo())
                        .addKeyValue("names", certificate)
                        .addKeyValue("until", certificate.until())
                        .log(late ? event + "; it ends soon or has ended" : event);
            }
            tellAgain = again;
        }
    }
}
