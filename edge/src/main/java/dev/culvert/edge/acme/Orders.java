package dev.culvert.edge.acme;

import dev.culvert.edge.tls.BrokenCertificateException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeNetworkException;
import org.shredzone.acme4j.exception.AcmeRateLimitedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Orders the certificates that are missing or will end, one after another, while this node is the oldest: one node is enough, and
 * authorities count. On a thread of its own, which waits for the authority.
 */
final class Orders {
    private static final Logger LOGGER = LoggerFactory.getLogger(Orders.class);

    /** A new tunnel's certificate is ordered within this. */
    static final Duration INTERVAL = Duration.ofSeconds(1);

    /**
     * Between two orders for a host, also where its new certificate is due at once by our clock; doubled with each failure in a row.
     * Authorities count failures by the hour.
     */
    private static final Duration FIRST_WAIT = Duration.ofMinutes(1);

    private static final Duration LONGEST_WAIT = Duration.ofHours(6);

    /** Where the authority says that it has had enough of a host, and not until when. */
    private static final Duration PAUSE = Duration.ofHours(1);

    /** How long a proof stays in the cluster where nobody takes it away, because the node that ordered has died. */
    private static final Duration PROOF_KEPT = Duration.ofHours(1);

    /** Hosts whose orders are remembered, also while their tunnels are away; the oldest is forgotten first. */
    private static final int MOST_TRIED = 10_000;

    private final CertificateStore store;
    private final Authority authority;
    private final SealedTexts proofs;
    private final Supplier<? extends Collection<String>> hosts;
    private final Clock clock;
    private final Map<String, Tried> tried = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Tried> eldest) {
            return size() > MOST_TRIED;
        }
    };
    private Instant pausedUntil = Instant.MIN;

    private final LongAdder received = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "culvert-acme");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * Orders.
     *
     * @param proofs what all nodes answer the authority with, by token
     * @param hosts who needs a certificate; asked every second
     */
    Orders(
            CertificateStore store,
            Authority authority,
            SealedTexts proofs,
            Supplier<? extends Collection<String>> hosts,
            Clock clock) {
        this.store = store;
        this.authority = authority;
        this.proofs = proofs;
        this.hosts = hosts;
        this.clock = clock;
    }

    /** Who gives certificates. */
    interface Authority {
        /**
         * Orders a certificate. Blocks, for seconds or minutes.
         *
         * @param proofs is told a token and the text that the authority must find under it, until this returns
         * @return the certificate, what vouches for it, and its key, in PEM
         */
        String order(String host, BiConsumer<String, String> proofs)
                throws AcmeException, InterruptedException, IOException;
    }

    /** When a host was tried last, as far as it matters. */
    private record Tried(int failuresInARow, Instant notBefore) {}

    /**
     * Begins to order.
     *
     * @param interval between two looks for what is missing; {@link #INTERVAL} in production
     */
    void start(Duration interval) {
        thread.scheduleWithFixedDelay(this::look, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** How many orders have ended with a certificate. Any thread. */
    long received() {
        return received.sum();
    }

    /** How many have not. Any thread. */
    long failed() {
        return failed.sum();
    }

    /** Orders no more; what is under way comes to nothing. */
    void close() {
        thread.shutdownNow();
    }

    private void look() {
        try {
            // Anew after each order: tunnels come and go meanwhile, and what is urgent goes first.
            for (Optional<String> host = next(); host.isPresent(); host = next()) {
                order(host.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Closed.
        } catch (RuntimeException | Error e) {
            // Whatever it is, the certificates that end are still to be looked after.
            LOGGER.atError().setCause(e).log("certificates not looked after; trying again");
        }
    }

    /** Those that have never failed before those that have, and renewals before what is new. */
    private Optional<String> next() {
        if (thread.isShutdown() || !proofs.isMember() || !proofs.isOldest()) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        tried.values().removeIf(last -> last.notBefore().plus(LONGEST_WAIT).isBefore(now));
        Collection<String> wanted = hosts.get();
        return now.isBefore(pausedUntil)
                ? Optional.empty()
                : store.missing(wanted).stream()
                        .filter(host -> !now.isBefore(tried(host).notBefore()))
                        .min(Comparator.comparing((String host) -> tried(host).failuresInARow())
                                .thenComparing(host -> !store.has(host)));
    }

    private Tried tried(String host) {
        return tried.getOrDefault(host, new Tried(0, Instant.MIN));
    }

    private void tried(String host, int failuresInARow, Instant notBefore) {
        tried.remove(host); // To stand behind all others.
        tried.put(host, new Tried(failuresInARow, notBefore));
    }

    private void order(String host) throws InterruptedException {
        Set<String> tokens = new HashSet<>();
        try {
            String pem = authority.order(host, (token, text) -> {
                tokens.add(token);
                proofs.put(token, text, PROOF_KEPT);
            });
            store.add(host, pem);
            received.increment();
            tried(host, 0, clock.instant().plus(FIRST_WAIT));
            LOGGER.atInfo().addKeyValue("host", host).log("certificate ordered and received");
        } catch (AcmeException | IOException | BrokenCertificateException | RuntimeException e) {
            failed(host, e);
        } finally {
            tokens.forEach(proofs::remove);
        }
    }

    private void failed(String host, Exception fault) {
        if (thread.isShutdown()) {
            return; // It was interrupted.
        }
        failed.increment();
        Instant now = clock.instant();
        int inARow = tried(host).failuresInARow() + 1;
        Instant again = now.plus(wait(inARow));
        if (fault instanceof AcmeRateLimitedException limited) {
            again = limited.getRetryAfter().orElse(now.plus(PAUSE));
            // Whether it is this host's limit or everybody's, the next one will tell.
            pausedUntil = now.plus(FIRST_WAIT);
        } else if (fault instanceof AcmeNetworkException) {
            inARow = 1;
            again = now.plus(FIRST_WAIT);
            pausedUntil = again;
        }
        tried(host, inARow, again);
        store.failed(host, again);
        LOGGER.atWarn()
                .addKeyValue("host", host)
                .addKeyValue("again", again)
                .addKeyValue("fault", words(fault))
                .log("no certificate from the authority; trying again later");
    }

    private static Duration wait(int inARow) {
        Duration doubled = FIRST_WAIT.multipliedBy(1L << Math.min(inARow - 1, 10));
        return doubled.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : doubled;
    }

    /** Causes say more than what is thrown, and the authority's own words more than its name. */
    private static String words(Exception fault) {
        Throwable cause = fault instanceof AcmeNetworkException && fault.getCause() != null ? fault.getCause() : fault;
        return fault instanceof AcmeException && cause == fault && cause.getMessage() != null
                ? cause.getMessage()
                : cause.toString();
    }
}
