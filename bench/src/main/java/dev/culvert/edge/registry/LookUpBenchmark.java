package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What the request path asks the registry, on a node that is alone: the tunnel of a host name. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LookUpBenchmark {
    /** How many binds are under way at once while names are taken. */
    private static final int BINDS = 64;

    /** How many names the cluster has. */
    @Param({"10", "10000"})
    public int names;

    private @Nullable Vertx vertx;
    private @Nullable HazelcastMember member;
    private @Nullable Registry registry;
    private int next;

    /** Takes the names. */
    @Setup
    public void bind() throws Exception {
        Vertx running = Vertx.vertx();
        HazelcastMember alone = HazelcastMember.alone();
        Registry started =
                HazelcastRegistry.start(running, alone, RegistryOptions.DEFAULT).await(1, TimeUnit.MINUTES);
        vertx = running;
        member = alone;
        registry = started;
        for (int first = 0; first < names; first += BINDS) {
            List<Future<Registry.Grant>> binds = IntStream.range(first, Math.min(names, first + BINDS))
                    .mapToObj(number -> started.bind(request(started, number)))
                    .toList();
            Future.all(binds).await(1, TimeUnit.MINUTES);
        }
    }

    private static Registry.Request request(Registry registry, int number) {
        return new Registry.Request(
                TunnelKey.ofHost(host(number)),
                "owner",
                "http",
                new Tunnel.Policy("preserve", "localhost:3000", 0, false, Admission.EVERYBODY),
                new Claim(registry.nodeId(), "lane-" + number, "agent"),
                null,
                false);
    }

    private static String host(int number) {
        return "tunnel-" + number + ".example.org";
    }

    /** Leaves. */
    @TearDown
    public void leave() throws Exception {
        if (registry != null && member != null && vertx != null) {
            registry.close().await(1, TimeUnit.MINUTES);
            member.close(vertx).await(1, TimeUnit.MINUTES);
            vertx.close().await(1, TimeUnit.MINUTES);
        }
    }

    /** A name that is there, another one each time; its text is made in the measured time too, as a request's is. */
    @Benchmark
    public @Nullable Tunnel known() {
        next = (next + 7) % names;
        return registry == null ? null : registry.find(TunnelKey.ofHost(host(next)));
    }

    /** A name that nobody has. */
    @Benchmark
    public @Nullable Tunnel unknown() {
        next++;
        return registry == null ? null : registry.find(TunnelKey.ofHost(host(-next)));
    }
}
