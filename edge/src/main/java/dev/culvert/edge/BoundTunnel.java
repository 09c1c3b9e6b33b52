package dev.culvert.edge;

import org.jspecify.annotations.Nullable;

/**
 * A tunnel that somebody serves by this node.
 *
 * @param name what its agent may ask for to get it again: the label, or the whole host outside the edge's domain; the port
 * @param url where visitors find it
 * @param kind {@code http}, {@code tcp}, {@code tls}, or {@code localtunnel} of localtunnel's clients
 * @param owner whose it is: the owner of an identity; {@code anonymous:}, {@code localtunnel:} or {@code ssh:} and who it is, where
 *     nobody says who may come
 * @param instance the instance id of the agent, another at each of its starts; of an SSH client {@code ssh:} and its credential
 * @param lane the id of the lane, of the SSH client's connection, or of the localtunnel client's sockets; no other has it
 * @param remote where that comes from, as {@code host:port} or an address alone; null where it had gone already
 */
public record BoundTunnel(
        String name,
        String url,
        String kind,
        String owner,
        String instance,
        String lane,
        @Nullable String remote) {}
