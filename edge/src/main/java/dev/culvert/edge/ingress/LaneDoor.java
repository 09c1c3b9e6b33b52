package dev.culvert.edge.ingress;

import io.netty.channel.Channel;

/**
 * Where agents go who come to the visitor port by WebSocket.
 *
 * @param taken takes a channel that carries a lane from here on. Called on its event loop, before any byte of the lane
 *     was read
 * @param takes whether there is such a place at all
 * @param insecure whether agents of other machines may come without TLS
 */
public record LaneDoor(Agents taken, boolean takes, boolean insecure) {
    /** Nowhere. */
    public static final LaneDoor NONE = new LaneDoor(Channel::close, false, false);

    /** To these. */
    public static LaneDoor to(Agents agents, boolean insecure) {
        return new LaneDoor(agents, true, insecure);
    }

    /** Takes agents in. */
    @FunctionalInterface
    public interface Agents {
        void accept(Channel channel);
    }
}
