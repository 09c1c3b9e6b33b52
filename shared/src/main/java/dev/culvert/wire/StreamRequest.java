package dev.culvert.wire;

import java.util.Arrays;

/**
 * What whoever opens a stream says about it.
 *
 * @param tunnel the tunnel's key in the registry, for example {@code host:swift-otter.example.com} or {@code tcp:2222}
 * @param kind what the stream carries
 * @param visitor the visitor's address as {@code host:port}; empty when it is not known
 * @param reached the address and port that the visitor connected to, as {@code host:port}; empty when it is not known
 * @param attempt 0 for the first holder asked, counting up with each retry
 * @param traceId joins the log lines of one visitor's conversation on all the nodes it crosses; 0 for none
 */
public record StreamRequest(String tunnel, Kind kind, String visitor, String reached, int attempt, long traceId) {

    /** One of which it is not known where the visitor connected to. */
    public StreamRequest(String tunnel, Kind kind, String visitor, int attempt, long traceId) {
        this(tunnel, kind, visitor, "", attempt, traceId);
    }

    /** What a stream carries. */
    public enum Kind {
        /** HTTP/1.1, written by the ingress. */
        HTTP(1),
        /** HTTP/2, written by the ingress. */
        HTTP2(4),
        /** Any bytes. */
        TCP(2),
        /** TLS that ends at the target. */
        TLS(3),
        /** What a later release knows, and this one does not: such a stream is refused. Never written. */
        UNKNOWN(0);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static Kind of(int code) {
            return Arrays.stream(values())
                    .filter(kind -> kind.code == code)
                    .findFirst()
                    .orElse(UNKNOWN);
        }
    }
}
