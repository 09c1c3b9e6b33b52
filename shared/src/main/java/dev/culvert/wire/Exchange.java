package dev.culvert.wire;

/**
 * One finished HTTP exchange, as the ingress saw it. An upgrade is finished with its 101: what follows is not counted
 * here.
 *
 * @param tunnel the tunnel's key in the registry
 * @param visitor the visitor's address as {@code host:port}
 * @param method the request's method
 * @param path the request's target, cut to {@link #MAX_PATH_CHARS}
 * @param status the status that the visitor got; 0 when the visitor left before there was one
 * @param requestBytes bytes of the request's body
 * @param responseBytes bytes of the response's body
 * @param startedAtMillis when the request's head was complete, milliseconds since 1970
 * @param firstByteMicros from there to the response's head, in microseconds; 0 when there was none
 * @param totalMicros from there to the end of the response, in microseconds
 */
public record Exchange(
        String tunnel,
        String visitor,
        String method,
        String path,
        int status,
        long requestBytes,
        long responseBytes,
        long startedAtMillis,
        long firstByteMicros,
        long totalMicros) {

    /** Longest path that is told; the rest is for nobody's terminal. */
    public static final int MAX_PATH_CHARS = 1024;

    public Exchange {
        if (path.length() > MAX_PATH_CHARS) {
            boolean cutsPair = Character.isHighSurrogate(path.charAt(MAX_PATH_CHARS - 2));
            path = path.substring(0, MAX_PATH_CHARS - (cutsPair ? 2 : 1)) + "…";
        }
    }
}
