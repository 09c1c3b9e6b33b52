package dev.culvert.bench;

import dev.culvert.admission.Admission;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.registry.HazelcastRegistry;
import dev.culvert.edge.registry.MemberOptions;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.RegistryOptions;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A node that has a registry and nothing else, in a JVM of its own. The {@code holder} binds all names; the
 * {@code survivor}, who is the oldest and so the one that sweeps, measures and says what it finds on standard output.
 */
public final class RegistryNode {
    /** Binds that are on their way at once. */
    private static final int AT_ONCE = 1000;

    private static final int NAMES_OF_AN_AGENT = 1000;
    private static final int LOOK_UPS = 5_000_000;
    private static final long PATIENCE_MINUTES = 5;

    /** A grace so long that what is swept stays reserved to the end, and room for as many names as one owner may ask for. */
    private static final RegistryOptions OPTIONS =
            new RegistryOptions(Duration.ofHours(1), Duration.ofSeconds(5), 1_000, Long.MAX_VALUE, null);

    private static final MemberOptions NOBODY = new MemberOptions("local", null, "bench", "127.0.0.1", 0, List.of());

    private final Vertx vertx;
    private final HazelcastMember member;
    private final Registry registry;
    private final int names;

    private RegistryNode(Vertx vertx, HazelcastMember member, int names) throws Exception {
        this.vertx = vertx;
        this.member = member;
        this.registry = HazelcastRegistry.start(vertx, member, OPTIONS).await(PATIENCE_MINUTES, TimeUnit.MINUTES);
        this.names = names;
    }

    /**
     * Runs one.
     *
     * @param arguments the role, the port, the port of the first, and how many names
     */
    public static void main(String[] arguments) throws Exception {
        Vertx vertx = Vertx.vertx();
        MemberOptions options = new MemberOptions(
                NOBODY.environment(),
                null,
                NOBODY.clusterName(),
                NOBODY.host(),
                Integer.parseInt(arguments[1]),
                List.of("127.0.0.1:" + arguments[2]));
        HazelcastMember member = HazelcastMember.join(vertx, options).await(1, TimeUnit.MINUTES);
        RegistryNode node = new RegistryNode(vertx, member, Integer.parseInt(arguments[3]));
        System.out.println("joined");
        if (arguments[0].equals("holder")) {
            node.bindAll();
            System.out.println("bound");
        } else {
            node.survive();
            System.out.println("done");
        }
    }

    private static TunnelKey key(int number) {
        return TunnelKey.ofHost("name-%d.tunnels.example.com".formatted(number));
    }

    private void bindAll() throws InterruptedException {
        Semaphore places = new Semaphore(AT_ONCE);
        String instance = "";
        String lane = "";
        String owner = "";
        for (int i = 0; i < names; i++) {
            if (i % NAMES_OF_AN_AGENT == 0) {
                instance = UUID.randomUUID().toString();
                lane = UUID.randomUUID().toString();
                owner = "anonymous:" + UUID.randomUUID() + UUID.randomUUID();
            }
            places.acquire();
            registry.bind(new Registry.Request(
                            key(i),
                            owner,
                            "http",
                            new Tunnel.Policy("preserve", "http://127.0.0.1:3000", 0, false, Admission.EVERYBODY),
                            new Claim(registry.nodeId(), lane, instance),
                            null,
                            false))
                    .onComplete(granted -> {
                        places.release();
                        if (granted.failed()) {
                            System.out.println("refused: " + granted.cause());
                            System.exit(1);
                        }
                    });
        }
        places.acquire(AT_ONCE);
    }

    private void survive() throws Exception {
        long empty = heap();
        while (registry.nodes() < 2) {
            Thread.sleep(10);
        }
        long before = System.nanoTime();
        while (registry.find(key(names - 1)) == null || registry.tunnels().size() < names) {
            Thread.sleep(200);
        }
        figure("binds/s of one node, %d at once".formatted(AT_ONCE), "%,.0f", names / seconds(before));
        figure("heap of each node, bytes/name", "%,.0f", (heap() - empty) / (double) names);
        lookUp();
        before = System.nanoTime();
        HazelcastRegistry another =
                HazelcastRegistry.start(vertx, member, OPTIONS).await(PATIENCE_MINUTES, TimeUnit.MINUTES);
        figure("rebuild of a local copy, s", "%.2f", seconds(before));
        another.close().await(1, TimeUnit.MINUTES);
        Runtime.getRuntime().gc();
        if (registry.nodes() < 2) {
            throw new BenchException("the two nodes have lost each other; figures of one alone would mean nothing");
        }
        die();
    }

    private void lookUp() {
        SplittableRandom random = new SplittableRandom(1);
        TunnelKey[] some =
                random.ints(100_000, 0, names).mapToObj(RegistryNode::key).toArray(TunnelKey[]::new);
        long found = 0;
        long before = 0;
        for (int round = 0; round < 2; round++) { // The first for the compiler.
            before = System.nanoTime();
            for (int i = 0; i < LOOK_UPS; i++) {
                // Equal to the key that is kept, and not the same: its hash is asked for again, as a visitor's is.
                if (registry.find(new TunnelKey(new String(some[i % some.length].value()))) != null) {
                    found++;
                }
            }
        }
        if (found != 2L * LOOK_UPS) {
            throw new BenchException("only %d of %d look-ups found their name".formatted(found, 2L * LOOK_UPS));
        }
        figure("look-up on the request path, ns", "%.0f", seconds(before) * 1e9 / LOOK_UPS);
    }

    private void die() throws InterruptedException {
        System.out.println("ready for the death");
        while (registry.nodes() > 1) {
            Thread.sleep(5);
        }
        long before = System.nanoTime();
        long longestPause = 0;
        for (int next = 0; next < names; ) {
            long asked = System.nanoTime();
            Tunnel tunnel = registry.find(key(next));
            longestPause = Math.max(longestPause, System.nanoTime() - asked);
            if (tunnel == null) {
                throw new BenchException("lost: " + key(next));
            }
            if (tunnel.reservedUntilMillis() > 0) {
                next++;
            } else {
                Thread.sleep(10);
            }
        }
        figure("until a dead node's claims are swept, s, of which 3 are a pause", "%.1f", seconds(before));
        figure("longest look-up meanwhile, ms", "%.0f", longestPause / 1e6);
        figure("heap most ever, MiB", "%,.0f", peakBytes() / 1024.0 / 1024);
    }

    private static long peakBytes() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == java.lang.management.MemoryType.HEAP)
                .mapToLong(pool -> pool.getPeakUsage().getUsed())
                .sum();
    }

    private static long heap() {
        Runtime.getRuntime().gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static double seconds(long beforeNanos) {
        return (System.nanoTime() - beforeNanos) / 1e9;
    }

    private static void figure(String what, String format, double value) {
        System.out.printf("figure %s: %s%n", what, String.format(Locale.ROOT, format, value));
    }
}
