package dev.culvert.edge.tls;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.config.ConfigException;
import dev.culvert.config.WatchedFile;
import dev.culvert.config.WatchedFile.Listener;
import dev.culvert.config.WatchedFile.Source;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's certificate for the event bus, which is read again while the node runs. Safe for use by any thread.
 */
public final class BusCertificates {
    /** From here on an operator should know: who renews these by hand wants time for it. */
    private static final Duration SOON = Duration.ofDays(30);

    /** How long after {@link #remind} it should be called again. */
    public static final Duration REMINDED_EVERY = Duration.ofDays(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(BusCertificates.class);

    private final WatchedFile<BusCertificate> file;
    private final Source<BusCertificate> source;
    private final Changes changes;

    private BusCertificates(WatchedFile<BusCertificate> file, Source<BusCertificate> source, Changes changes) {
        this.file = file;
        this.source = source;
        this.changes = changes;
    }

    /**
     * Reads the files and keeps watching them.
     *
     * @param source {@link BusFiles} in production
     * @param interval how long after a reading the next one starts; {@link WatchedFile#INTERVAL} in production
     * @return fails with a {@link ConfigException} where other nodes would turn the certificate down
     */
    public static Future<BusCertificates> start(Vertx vertx, Source<BusCertificate> source, Duration interval) {
        Changes changes = new Changes(source);
        return WatchedFile.start(vertx, source, interval, changes)
                .map(file -> new BusCertificates(file, source, changes));
    }

    /** The newest that is good. */
    public BusCertificate newest() {
        return file.value();
    }

    /** Whoever uses it hears of each that is newer, on any thread, and at once of the {@linkplain #newest newest}. */
    public void onChange(Consumer<BusCertificate> user) {
        changes.user = user;
        user.accept(newest());
    }

    /**
     * Says that it ends, if that is soon: at the start, and once a day from then on, because whoever started the edge
     * months ago has not seen the first time.
     */
    @CanIgnoreReturnValue
    public boolean remind(Instant now) {
        return remind(source, newest(), now);
    }

    /** Stops watching. */
    public void close() {
        file.close();
    }

    @CanIgnoreReturnValue
    private static boolean remind(Source<BusCertificate> source, BusCertificate certificate, Instant now) {
        if (now.isBefore(certificate.until().minus(SOON))) {
            return false;
        }
        LOGGER.atWarn()
                .addKeyValue("file", source)
                .addKeyValue("until", certificate.until())
                .log("certificate of the event bus ends soon or has ended; then other nodes turn this one down, "
                        + "so make it a new one");
        return true;
    }

    private static final class Changes implements Listener<BusCertificate> {
        private final Source<BusCertificate> source;
        private volatile Consumer<BusCertificate> user = newest -> {};

        Changes(Source<BusCertificate> source) {
            this.source = source;
        }

        @Override
        public void changed(BusCertificate before, BusCertificate now) {
            LOGGER.atInfo()
                    .addKeyValue("file", source)
                    .addKeyValue("until", now.until())
                    .log("certificate of the event bus or its authority changed; new connections use it");
            remind(source, now, Instant.now());
            user.accept(now);
        }

        @Override
        public void broken(String fault) {
            LOGGER.atError()
                    .addKeyValue("fault", fault)
                    .log("certificate of the event bus is broken; keeping the one read before");
        }
    }
}
