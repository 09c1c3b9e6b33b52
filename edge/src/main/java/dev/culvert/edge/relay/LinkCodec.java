package dev.culvert.edge.relay;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;

/**
 * Puts a link's messages on the event bus. Registered on each node before anything else: a bus that does not know a
 * message's codec drops it. Its name never changes; the version is in the message, which so can be refused.
 */
final class LinkCodec implements MessageCodec<LinkMessage, LinkMessage> {
    static final String NAME = "culvert-link";

    @Override
    public void encodeToWire(Buffer buffer, LinkMessage message) {
        message.appendTo(buffer);
    }

    @Override
    public LinkMessage decodeFromWire(int position, Buffer buffer) {
        return LinkMessage.read(buffer, position);
    }

    @Override
    public LinkMessage transform(LinkMessage message) {
        throw new IllegalStateException("a node has no link to itself");
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public byte systemCodecID() {
        return -1; // Not one of Vert.x's own.
    }
}
