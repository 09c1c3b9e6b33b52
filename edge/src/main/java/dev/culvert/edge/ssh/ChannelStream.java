package dev.culvert.edge.ssh;

import dev.culvert.lane.Inbox;
import dev.culvert.lane.PendingBytes;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.io.IOException;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;

/**
 * A channel of an SSH connection as a stream. What the channel's window lets in is what may wait for the visitor; what
 * waits for the client is bounded here.
 *
 * <p>Runs on the visitor's event loop. What the client says comes by MINA's threads and hops over; nothing is shared but
 * the channel.
 *
 * <p>SSH has no reset: a client that closes the channel before it has said that it sends no more counts as one. In the other
 * direction the target sees an end, early or not.
 */
final class ChannelStream implements TunnelStream, ForwardedChannel.Heard {
    /** What may wait for the client, in bytes, before the visitor is asked to stop. As on a lane. */
    private static final int HIGH_WATER_BYTES = 64 * 1024;

    /** One in the socket, and one behind it: MINA keeps them on the heap, for each visitor of a client that does not read. */
    private static final int MOST_PACKETS_UNDER_WAY = 2;

    private final EventLoop loop;
    private final PendingBytes outgoing = new PendingBytes(ByteBufAllocator.DEFAULT);
    private final Inbox inbox = new Inbox(ByteBufAllocator.DEFAULT);
    private @Nullable ForwardedChannel channel;
    private int packetsUnderWay;
    private int bytesUnderWay;
    private boolean toldToStop;
    private boolean finishAsked;
    private boolean outputEnded;
    private boolean ended;

    ChannelStream(EventLoop loop) {
        this.loop = loop;
    }

    /** Gives it its channel, before that hears anything; on the event loop. */
    void attach(ForwardedChannel opening) {
        channel = opening;
    }

    @Override
    public EventLoop eventLoop() {
        return loop;
    }

    @Override
    public void listen(Listener newListener) {
        if (inbox.listen(newListener)) {
            endIfBothFinished();
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (ended || outputEnded) {
            bytes.release();
            return;
        }
        outgoing.add(bytes);
        send();
    }

    @Override
    public boolean isWritable() {
        toldToStop = ended || (!outputEnded && outgoing.bytes() + bytesUnderWay >= HIGH_WATER_BYTES);
        return !toldToStop;
    }

    @Override
    public void finish() {
        if (!finishAsked) {
            finishAsked = true;
            send();
            loop.execute(this::endIfBothFinished); // The listener hears nothing within a call to the stream.
        }
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (!ended) {
            end();
        }
    }

    @Override
    public void reset(StreamReset reset) {
        reset(reset.reason(), reset.detail());
    }

    @Override
    public void consumed(int bytes) {
        if (!ended) {
            try {
                open().consumed(bytes);
            } catch (IOException | IllegalStateException e) {
                // The session is closing, and says so by itself.
            }
        }
    }

    /** Goes nowhere: the client has no way to hear it. */
    @Override
    public void report(Exchange exchange) {}

    // The client, by MINA's threads.

    @Override
    public void bytes(ByteBuf bytes) {
        loop.execute(() -> inbox.bytes(bytes));
    }

    @Override
    public void room() {
        loop.execute(this::sendMore);
    }

    @Override
    public void finished() {
        loop.execute(this::inputEnded);
    }

    @Override
    public void closed() {
        loop.execute(this::channelClosed);
    }

    // On the event loop again.

    private void inputEnded() {
        inbox.finish();
        endIfBothFinished();
    }

    private void channelClosed() {
        if (ended) {
            return;
        }
        if (inbox.isFinished()) {
            endOutput(); // It has said all it had to say, and takes no more.
            tellWritable();
            return;
        }
        Session session = open().getSession();
        boolean lost = session == null || !session.isOpen();
        StreamReset reset = lost
                ? new StreamReset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "the SSH connection has ended")
                : new StreamReset(CloseReason.TARGET_FAILED, StreamReset.UNKNOWN, "the client closed the connection");
        leave();
        inbox.reset(reset);
    }

    private void sendMore() {
        send();
        endIfBothFinished();
        tellWritable();
    }

    private void send() {
        while (!ended && !outputEnded && !outgoing.isEmpty() && packetsUnderWay < MOST_PACKETS_UNDER_WAY) {
            int room = open().room();
            ByteBuf piece = room > 0 ? outgoing.poll(room) : null;
            if (piece == null) {
                return;
            }
            send(piece);
        }
        if (finishAsked && outgoing.isEmpty() && !outputEnded && !ended) {
            outputEnded = true;
            try {
                open().finish();
            } catch (IOException e) {
                // The session is closing, and says so by itself.
            }
        }
    }

    private void send(ByteBuf piece) {
        int size = piece.readableBytes();
        packetsUnderWay++;
        bytesUnderWay += size;
        try {
            open().send(piece).addListener(written -> loop.execute(() -> sent(size, written.isWritten())));
        } catch (IOException | IllegalStateException e) {
            loop.execute(() -> sent(size, false));
        } finally {
            piece.release();
        }
    }

    private void sent(int size, boolean written) {
        packetsUnderWay--;
        bytesUnderWay -= size;
        if (!written) {
            endOutput(); // That the session is closing is heard by itself.
        }
        sendMore();
    }

    private void endOutput() {
        outputEnded = true;
        outgoing.release();
    }

    private void tellWritable() {
        Listener listener = inbox.listener();
        if (listener != null && !ended && toldToStop && isWritable()) {
            listener.onWritable();
        }
    }

    private void endIfBothFinished() {
        if (inbox.isFinishHeard() && finishAsked && outputEnded && !ended) {
            end();
        }
    }

    private void end() {
        inbox.close();
        leave();
    }

    private void leave() {
        ended = true;
        outgoing.release();
        open().close(false);
    }

    private ForwardedChannel open() {
        if (channel == null) {
            throw new IllegalStateException("the stream has no channel yet");
        }
        return channel;
    }
}
