package dev.culvert.agent;

/**
 * Tunnels in one line, for code that waits:
 *
 * <pre>{@code
 * try (LocalTunnel tunnel = Culvert.open("127.0.0.1:7070", 3000)) {
 *     client.get(tunnel.url());
 * }
 * }</pre>
 *
 * {@link Agent} is for code that does not wait, and for more than one tunnel.
 */
public final class Culvert {
    private Culvert() {}

    /**
     * Opens a tunnel to an HTTP server on this machine, as an anonymous agent that keeps nothing on disk.
     *
     * @param edge the edge, {@code host:port}
     * @param port the server's port
     * @throws AgentException when it cannot be opened, with a sentence that says why
     */
    public static LocalTunnel open(String edge, int port) {
        return open(AgentOptions.of(edge).withStateFolder(null), TunnelOptions.http(port));
    }

    /**
     * Opens a tunnel with all options.
     *
     * @throws AgentException when it cannot be opened, with a sentence that says why
     */
    public static LocalTunnel open(AgentOptions options, TunnelOptions tunnel) {
        return LocalTunnel.open(options, tunnel);
    }
}
