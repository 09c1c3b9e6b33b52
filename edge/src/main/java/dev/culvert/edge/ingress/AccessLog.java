package dev.culvert.edge.ingress;

import org.jspecify.annotations.Nullable;

/** Where what visitors asked for is written down, when it is over. Safe for use by any thread; never blocks. */
public interface AccessLog {
    /** Nowhere. */
    AccessLog NONE = visit -> {};

    /** Writes it down soon. */
    void add(Visit visit);

    /**
     * An exchange, or a connection whose bytes were carried untouched.
     *
     * @param beganMillis milliseconds since 1970
     * @param kind {@code http}, {@code tcp} or {@code tls}
     * @param visitor the address that it came from; behind trusted proxies the one that they name
     * @param host the host, or the port, that was asked for; null where no host could be read
     * @param owner whose tunnel it was; null where there was none
     * @param user who had shown who it is; null for nobody
     * @param request what was asked by HTTP; null for others
     * @param status what was answered by HTTP; 0 where it broke off before, and for others
     * @param error the edge's own word for why it answered, or turned away, itself; null where the target answered
     * @param bytesIn from the visitor: of bodies where it is HTTP
     * @param bytesOut to the visitor
     * @param micros how long it took, in microseconds
     */
    record Visit(
            long beganMillis,
            String kind,
            String visitor,
            @Nullable String host,
            @Nullable String owner,
            @Nullable String user,
            @Nullable Request request,
            int status,
            @Nullable String error,
            long bytesIn,
            long bytesOut,
            long micros) {}

    /**
     * What was asked for.
     *
     * @param method null where it could not be read
     * @param target the path and the query as they came; null where they could not be read
     * @param userAgent what the visitor says that it is; null where it says nothing
     */
    record Request(
            @Nullable String method,
            @Nullable String target,
            @Nullable String userAgent) {}
}
