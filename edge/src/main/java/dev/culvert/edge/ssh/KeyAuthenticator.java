package dev.culvert.edge.ssh;

import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.issuers.BoundedThreads;
import dev.culvert.edge.issuers.BusyException;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Knows agents by what they have signed with SSH keys that an operator lists in a {@linkplain KeyFile file}
 * ({@code docs/decisions/0016}). Safe for use by any thread.
 */
public final class KeyAuthenticator implements Authenticator {
    /** What clocks may differ by. For so long somebody else could use a proof that he has come by. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    /** Threads that look at signatures: a fraction of a millisecond each. */
    private static final int THREADS = 2;

    /** Proofs at once. 16 MiB at worst. */
    private static final int MOST_WAITING = 1024;

    /** What an agent waits for at most: less than the 10 s that it has for its HELLO. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(9);

    private final KeyList keys;
    private final List<String> hosts;
    private final Clock clock;
    private final BoundedThreads threads;

    private KeyAuthenticator(KeyList keys, List<String> hosts, Clock clock, BoundedThreads threads) {
        this.keys = keys;
        this.hosts = List.copyOf(hosts);
        this.clock = clock;
        this.threads = threads;
    }

    /**
     * Reads the file and keeps watching it.
     *
     * @param hosts by which agents name this edge, in lower case; the first is what those are told who name it otherwise
     * @param interval how long after a reading the next one starts; {@link dev.culvert.config.WatchedFile#INTERVAL} in production
     * @return fails with {@link dev.culvert.config.ConfigException}
     */
    public static Future<KeyAuthenticator> start(
            Vertx vertx, Path file, List<String> hosts, Duration interval, Clock clock) {
        return KeyList.start(vertx, new KeyFile("--agent-keys", file), interval)
                .map(keys -> new KeyAuthenticator(
                        keys,
                        hosts,
                        clock,
                        new BoundedThreads(
                                vertx.createSharedWorkerExecutor("culvert-keys-of-agents", THREADS),
                                MOST_WAITING,
                                ANSWER_WITHIN)));
    }

    /** Whether the token is what an agent with an SSH key shows, by its looks. */
    public static boolean isProof(String token) {
        return LaneProof.isMeant(token);
    }

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String token = hello.token();
        if (token == null || !isProof(token)) {
            return refused(
                    "this edge knows agents by their SSH keys: start the agent with --ssh-key FILE, and ask the edge's operator to list the key");
        }
        LaneProof proof;
        try {
            proof = LaneProof.parse(token);
        } catch (IllegalArgumentException e) {
            return refused("this is no signature of ssh-keygen -Y sign -n culvert: " + e.getMessage());
        }
        if (!hosts.contains(proof.host())) {
            return refused("the agent has signed for the host %s, and this edge is %s: name the edge by that"
                    .formatted(proof.host(), hosts.get(0)));
        }
        long apart = clock.instant().getEpochSecond() - proof.seconds();
        if (Math.abs(apart) > CLOCK_SKEW.toSeconds()) {
            return refused("the agent's clock is %d s %s the edge's, and %d s are the most: set the one that is wrong"
                    .formatted(Math.abs(apart), apart > 0 ? "behind" : "ahead of", CLOCK_SKEW.toSeconds()));
        }
        String fingerprint = proof.signature().fingerprint();
        Identity identity = keys.identityOf(fingerprint);
        if (identity == null) {
            // Before the signature is looked at: what strangers make up costs no more than a hash.
            return refused("the key %s is not listed at this edge; ask its operator".formatted(fingerprint));
        }
        return threads.run(() -> prove(proof, identity))
                .recover(fault -> Future.failedFuture(
                        fault instanceof BusyException busy ? new UndecidedException(inWords(busy.why())) : fault));
    }

    private static Identity prove(LaneProof proof, Identity identity) throws IOException {
        if (proof.signature().isWeak()) {
            throw new UnauthorizedException(
                    "RSA keys of less than 2048 bits do not count here: make another with ssh-keygen -t ed25519");
        } else if (!proof.signature().isOf(proof.text())) {
            throw new UnauthorizedException(
                    "the signature is not by the key %s over what is to be signed: use an agent of the edge's release"
                            .formatted(proof.signature().fingerprint()));
        }
        return identity;
    }

    private static String inWords(BusyException.Why why) {
        return switch (why) {
            case TOO_MANY -> "too many agents show signatures to this edge at the moment";
            case TOO_LATE -> "looking at the signature takes too long at the moment";
            case CLOSED -> "the edge ends at this moment";
        };
    }

    @Override
    public boolean stillCounts(Identity identity) {
        return keys.has(identity);
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        keys.onRevoked(listener);
    }

    /** Stops watching the file, and takes no more agents. */
    public void close() {
        keys.close();
        threads.close();
    }

    private static Future<Identity> refused(String why) {
        return Future.failedFuture(new UnauthorizedException(why));
    }
}
