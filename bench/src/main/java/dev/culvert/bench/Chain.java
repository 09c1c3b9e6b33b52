package dev.culvert.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** What stands between the load and the target, running. Ended in the reverse order of its start. */
final class Chain implements AutoCloseable {
    private final String name;
    private final Deque<Child> children = new ArrayDeque<>();
    private String url = "";
    private String host = "";

    Chain(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    /** A program of the chain. */
    Child keep(Child child) {
        children.push(child);
        return child;
    }

    /** Where the load goes in, without a path, and what it says in {@code Host}. */
    Chain enteredAt(String address, String hostField) {
        url = address;
        host = hostField;
        return this;
    }

    /** Where the load goes in, without a path. */
    String url() {
        return url;
    }

    /** What visitors say in {@code Host}. */
    String host() {
        return host;
    }

    boolean isSecure() {
        return url.startsWith("https:");
    }

    /** The chain's own processes. */
    List<Long> pids() {
        return children.stream().flatMap(Child::pids).toList();
    }

    @Override
    public void close() {
        while (!children.isEmpty()) {
            children.pop().close();
        }
    }
}
