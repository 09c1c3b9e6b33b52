package dev.culvert.edge.ssh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.lane.WindowBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * A channel of the kind {@code forwarded-tcpip} (RFC 4254, 7.2): a visitor's connection that a client takes to its target.
 * What it hears comes by MINA's threads; what it is told may come by any one thread at a time and never blocks it.
 */
final class ForwardedChannel extends AbstractClientChannel {
    /** The largest packet, in bytes: what every SSH program must take. OpenSSH's own. */
    static final int PACKET_BYTES = 32 * 1024;

    /**
     * What a client may send ahead of a slow visitor, in bytes: what a path of 100 ms needs for 10 MiB/s. Half of what
     * OpenSSH's own server has.
     */
    private static final int WINDOW_BYTES = 1024 * 1024;

    /** The same where the process is over its budget: two packets, so that one is under way while the other waits. */
    private static final int SMALLEST_WINDOW_BYTES = 2 * PACKET_BYTES;

    private static final String TYPE = "forwarded-tcpip";

    private final Asked listened;
    private final String visitor;
    private final int visitorPort;
    private final Heard heard;

    /**
     * One that is not open yet.
     *
     * @param listened what the client has asked for; OpenSSH compares it with its forwards
     * @param budget what the window is taken out of until the channel is closed
     */
    ForwardedChannel(Asked listened, String visitor, int visitorPort, WindowBudget budget, Heard heard) {
        super(TYPE);
        this.listened = listened;
        this.visitor = visitor;
        this.visitorPort = visitorPort;
        this.heard = heard;
        int extra = WINDOW_BYTES - SMALLEST_WINDOW_BYTES;
        boolean whole = budget.tryTake(extra);
        CoreModuleProperties.WINDOW_SIZE.set(this, (long) (whole ? WINDOW_BYTES : SMALLEST_WINDOW_BYTES));
        CoreModuleProperties.MAX_PACKET_SIZE.set(this, (long) PACKET_BYTES);
        addCloseFutureListener(closed -> {
            if (whole) {
                budget.giveBack(extra);
            }
            heard.closed();
        });
    }

    /** Hears the client, by MINA's threads. */
    interface Heard {
        /** Bytes came, and are the listener's to release. */
        void bytes(ByteBuf bytes);

        /** The client takes more. */
        void room();

        /** The client sends no more. */
        void finished();

        /** Nothing goes either way any more. May come twice. */
        void closed();
    }

    @Override
    public synchronized OpenFuture open() throws IOException {
        openFuture = new DefaultOpenFuture(toString(), futureLock);
        Buffer packet = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN);
        packet.putString(TYPE);
        packet.putUInt(getChannelId());
        packet.putUInt(getLocalWindow().getSize());
        packet.putUInt(getLocalWindow().getPacketSize());
        packet.putString(listened.address());
        packet.putUInt(listened.port());
        packet.putString(visitor);
        packet.putUInt(visitorPort);
        writePacket(packet); // Who is gone shows as a closed session.
        return openFuture;
    }

    /** Why the client has not opened it; null when it has not said so. */
    synchronized @Nullable Throwable refusal() {
        return openFuture == null ? null : openFuture.getException();
    }

    /** How many bytes may go out now, in one packet. */
    int room() {
        long packet = Math.min(PACKET_BYTES, getRemoteWindow().getPacketSize());
        return (int) Math.min(packet, getRemoteWindow().getSize());
    }

    /**
     * Sends bytes, no more than there is {@link #room}; they stay the caller's.
     *
     * @return completes once the socket has them
     */
    IoWriteFuture send(ByteBuf bytes) throws IOException {
        int size = bytes.readableBytes();
        getRemoteWindow().consume(size);
        Buffer packet = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_DATA, size + 2 * Integer.BYTES);
        packet.putUInt(getRecipient());
        packet.putUInt(size);
        packet.ensureCapacity(size);
        bytes.getBytes(bytes.readerIndex(), packet.array(), packet.wpos(), size);
        packet.wpos(packet.wpos() + size);
        return write(getSession(), packet);
    }

    /** Sends no more; all that was sent has gone out before. */
    void finish() throws IOException {
        sendEof();
    }

    /** The visitor has taken so many bytes. */
    void consumed(int bytes) throws IOException {
        if (!isClosing()) {
            getLocalWindow().release(bytes);
        }
    }

    /**
     * Writes a packet and never waits: other threads than MINA's own would be held while keys are exchanged, and a client
     * can make that take as long as it likes.
     */
    @CanIgnoreReturnValue
    static IoWriteFuture write(Session session, Buffer packet) throws IOException {
        return ThreadUtils.runAsInternal(packet, session::writePacket);
    }

    @Override
    protected void doOpen() {
        // Nothing to prepare.
    }

    @Override
    protected void doWriteData(byte[] data, int offset, long length) {
        int size = (int) length;
        heard.bytes(ByteBufAllocator.DEFAULT.ioBuffer(size).writeBytes(data, offset, size));
    }

    /** A connection has no second stream; what comes in one is dropped. */
    @Override
    protected void doWriteExtendedData(byte[] data, int offset, long length) throws IOException {
        consumed((int) length);
    }

    @Override
    public void handleWindowAdjust(Buffer buffer) throws IOException {
        super.handleWindowAdjust(buffer);
        heard.room();
    }

    @Override
    public void handleEof() throws IOException {
        super.handleEof();
        heard.finished();
    }

    @Override
    public void handleClose() throws IOException {
        super.handleClose();
        heard.closed();
    }
}
