package dev.culvert.edge.ssh;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.ServerFactoryManager;
import org.apache.sshd.server.session.ServerSessionImpl;
import org.apache.sshd.server.session.SessionFactory;

/**
 * MINA's session with what it lacks: bounds on the packet that is being read and on those that wait to be written, which
 * it keeps on the heap for whoever connects, known or not. Runs on MINA's threads; packets are written by any.
 */
final class BoundedSession extends ServerSessionImpl {
    /** The longest packet before the client is known, in bytes: five times what lists of algorithms and keys need. */
    static final int NEWCOMER_PACKET_BYTES = 16 * 1024;

    /** The longest afterwards, in bytes: what RFC 4253, 6.1 asks for, and more than a channel's data has. */
    private static final int PACKET_BYTES = SshConstants.SSH_REQUIRED_TOTAL_PACKET_LENGTH_SUPPORT;

    /** Packets that wait before the client is known: five times what {@link SshPort}'s tries are answered with. */
    private static final int MOST_NEWCOMER_PACKETS = 100;

    /**
     * Packets that wait afterwards, for a client that does not read: answers to its requests, and what each of its
     * visitors' connections may have on its way.
     */
    private static final int MOST_PACKETS = 10_000;

    private final AtomicInteger unwritten = new AtomicInteger();

    private BoundedSession(ServerFactoryManager server, IoSession io) throws Exception {
        super(server, io);
    }

    /** Makes them. */
    static final class Factory extends SessionFactory {
        Factory(ServerFactoryManager server) {
            super(server);
        }

        @Override
        protected ServerSessionImpl doCreateSession(IoSession io) throws Exception {
            return new BoundedSession(getServer(), io);
        }
    }

    @Override
    protected void decode() throws Exception {
        super.decode();
        int most = isAuthenticated() ? PACKET_BYTES : NEWCOMER_PACKET_BYTES;
        if (decoderBuffer.available() > most) { // What is left is one packet, and not all of it.
            throw new SshException(SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "a packet is too long");
        }
    }

    @Override
    public IoWriteFuture writePacket(Buffer buffer) throws IOException {
        if (unwritten.incrementAndGet() > (isAuthenticated() ? MOST_PACKETS : MOST_NEWCOMER_PACKETS)) {
            close(true);
        }
        try {
            IoWriteFuture written = super.writePacket(buffer);
            written.addListener(done -> unwritten.decrementAndGet());
            return written;
        } catch (IOException | RuntimeException e) {
            unwritten.decrementAndGet();
            throw e;
        }
    }
}
