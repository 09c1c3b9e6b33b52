package dev.culvert.edge.registry;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node joins the others: a file of Hazelcast's settings, and what is put in its place there.
 *
 * @param environment {@code local}, {@code static} or {@code kubernetes}: a file that lies beside the code; unused when
 *     there is a file of the operator's
 * @param file the operator's own file, or null
 * @param clusterName nodes meet only where they agree on it; null for what the file says
 * @param host the address that Hazelcast listens on and that the other nodes reach it by; null for what the file says
 * @param port the port there; 0 for a free one, null for what the file says
 * @param join where others are: {@code host:port}, or the name of a headless Service with {@code kubernetes}; empty for
 *     what the file says
 */
public record MemberOptions(
        String environment,
        @Nullable Path file,
        @Nullable String clusterName,
        @Nullable String host,
        @Nullable Integer port,
        List<String> join) {

    public MemberOptions {
        join = List.copyOf(join);
    }
}
