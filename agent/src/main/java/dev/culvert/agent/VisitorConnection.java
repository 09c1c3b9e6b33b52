package dev.culvert.agent;

/**
 * A visitor connection that is over, of a tunnel whose bytes are carried untouched.
 *
 * @param visitor the visitor's address as {@code host:port}; empty when it is not known
 * @param startedAtMillis when the visitor came, milliseconds since 1970
 * @param bytesIn what the visitor sent and the target got
 * @param bytesOut what the target sent
 * @param totalMicros how long it lasted, in microseconds
 */
public record VisitorConnection(String visitor, long startedAtMillis, long bytesIn, long bytesOut, long totalMicros) {}
