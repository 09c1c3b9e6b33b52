package dev.culvert.edge.registry;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.ExecutionCallback;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.IExecutorService;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the other nodes are told of a name that was just given: the value itself. The map's events say the same, but a
 * moment later, and nobody knows when they have arrived. A bind is over once each node has heard, so that a visitor who
 * comes to any node after it finds the tunnel there ({@code docs/decisions/0006}).
 *
 * <p>This is the message; {@link Teller} sends it. Runs on the other node's thread for news.
 */
final class News implements Callable<Boolean>, HazelcastInstanceAware, IdentifiedDataSerializable {
    static final String EXECUTOR = "culvert.news";

    /** Where a node's registry is found by what arrives at it. */
    private static final String REGISTRY = "culvert.registry";

    private static final int VERSION = 1;

    private @Nullable StoredTunnel tunnel;
    private transient @Nullable HazelcastInstance here;

    /** For Hazelcast, which reads the rest. */
    News() {}

    News(StoredTunnel tunnel) {
        this.tunnel = tunnel;
    }

    /** From now on what arrives at this node is told to its registry. */
    static void arriveAt(HazelcastInstance hazelcast, HazelcastRegistry registry) {
        hazelcast.getUserContext().put(REGISTRY, registry);
    }

    @Override
    public Boolean call() {
        HazelcastInstance node = here;
        StoredTunnel seen = tunnel;
        // A node whose registry does not stand yet reads the whole map before it is ready.
        if (node != null && seen != null && node.getUserContext().get(REGISTRY) instanceof HazelcastRegistry registry) {
            registry.seen(seen);
        }
        return true;
    }

    @Override
    public void setHazelcastInstance(HazelcastInstance instance) {
        here = instance;
    }

    @Override
    public int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return RegistryTypes.NEWS;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeByte(VERSION);
        out.writeObject(tunnel);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        in.readByte(); // The version: fields only ever join at the end.
        tunnel = in.readObject();
    }

    /** Tells all other nodes, and waits until they have heard. Any thread. */
    static final class Teller {
        /**
         * How long a node that does not answer holds up a bind. As long as an empty answer is believed: a node that
         * hears nothing has forgotten by then that nobody had the name.
         */
        static final Duration WAIT = Misses.KEPT_FOR;

        private final HazelcastInstance hazelcast;
        private final IExecutorService executor;

        Teller(HazelcastInstance hazelcast) {
            this.hazelcast = hazelcast;
            this.executor = hazelcast.getExecutorService(EXECUTOR);
        }

        /** Completes, never with a fault, once each node has heard, has left, or {@link #WAIT} is over. */
        CompletableFuture<Void> tell(StoredTunnel tunnel) {
            List<CompletableFuture<Void>> heard = new ArrayList<>();
            for (Member member : hazelcast.getCluster().getMembers()) {
                if (!member.localMember()) {
                    heard.add(tell(member, tunnel));
                }
            }
            CompletableFuture<Void> all = CompletableFuture.allOf(heard.toArray(CompletableFuture[]::new));
            return all.isDone() ? all : all.completeOnTimeout(null, WAIT.toMillis(), TimeUnit.MILLISECONDS);
        }

        private CompletableFuture<Void> tell(Member member, StoredTunnel tunnel) {
            CompletableFuture<Void> heard = new CompletableFuture<>();
            try {
                executor.submitToMember(new News(tunnel), member, new ExecutionCallback<>() {
                    @Override
                    public void onResponse(Boolean done) {
                        heard.complete(null);
                    }

                    @Override
                    public void onFailure(Throwable fault) {
                        heard.complete(null); // It has left, or is of a release without news: the events tell it.
                    }
                });
            } catch (RuntimeException e) {
                heard.complete(null); // The same, noticed at once; or this node is stopping.
            }
            return heard;
        }
    }
}
