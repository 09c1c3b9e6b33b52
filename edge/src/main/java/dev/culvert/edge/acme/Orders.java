package dev.culvert.edge.acme;

import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.tls.BrokenCertificateException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /** After a failure; doubled with each in a row of a host. Authorities count failures by the hour. */
    private static final Duration FIRST_WAIT = Duration.ofMinutes(1);

    private static final Duration LONGEST_WAIT = Duration.ofHours(6);

    /** Where the authority says that it has had enough of a host, and not until when. */
    private static final Duration PAUSE = Duration.ofHours(1);

    private final CertificateStore store;
    private final Authority authority;
    private final ClusterTexts proofs;
    private final Supplier<? extends Collection<String>> hosts;
    private final Clock clock;
    private final Map<String, Failures> failed = new HashMap<>();
    private Instant pausedUntil = Instant.MIN;
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
            ClusterTexts proofs,
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

    private record Failures(int inARow, Instant notBefore) {}

    void start() {
        thread.scheduleWithFixedDelay(this::look, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Orders no more; what is under way comes to nothing. */
    void close() {
        thread.shutdownNow();
    }

    private void look() {
        try {
            if (!proofs.isMember() || !proofs.isOldest()) {
                return;
            }
            Set<String> wanted = new HashSet<>(hosts.get());
            failed.keySet().retainAll(wanted);
            for (String host : store.missing(wanted)) {
                if (mayOrder(host)) {
                    order(host);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Closed.
        } catch (IOException | BrokenCertificateException | RuntimeException e) {
            LOGGER.atWarn().addKeyValue("fault", e).log("certificates not looked after; trying again");
        }
    }

    /** Causes say more than what is thrown, and the authority's own words more than its name. */
    private static String words(Exception fault) {
        Throwable cause = fault instanceof AcmeNetworkException && fault.getCause() != null ? fault.getCause() : fault;
        return fault instanceof AcmeException && cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }

    private boolean mayOrder(String host) {
        Failures failures = failed.get(host);
        Instant now = clock.instant();
        return now.isAfter(pausedUntil) && (failures == null || now.isAfter(failures.notBefore()));
    }

    private void order(String host) throws InterruptedException {
        Set<String> tokens = new HashSet<>();
        try {
            String pem = authority.order(host, (token, text) -> {
                tokens.add(token);
                proofs.put(token, text);
            });
            store.add(host, pem);
            failed.remove(host);
            LOGGER.atInfo().addKeyValue("host", host).log("certificate ordered and received");
        } catch (AcmeException | IOException | RuntimeException e) {
            failed(host, e);
        } finally {
            tokens.forEach(proofs::remove);
        }
    }

    private void failed(String host, Exception fault) {
        if (thread.isShutdown()) {
            return; // It was interrupted.
        }
        Instant now = clock.instant();
        Failures before = failed.get(host);
        int inARow = before == null ? 1 : before.inARow() + 1;
        Instant again = now.plus(wait(inARow));
        if (fault instanceof AcmeRateLimitedException limited) {
            again = limited.getRetryAfter().orElse(now.plus(PAUSE));
            pausedUntil =
                    now.plus(FIRST_WAIT); // Whether it is this host's limit or everybody's, the next one will tell.
        } else if (fault instanceof AcmeNetworkException) {
            inARow = 1;
            again = now.plus(FIRST_WAIT);
            pausedUntil = again;
        }
        failed.put(host, new Failures(inARow, again));
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
}
