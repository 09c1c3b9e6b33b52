package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;

/**
 * A stream of a lane, on the lane's event loop.
 *
 * <pre>
 *   open ──FIN both ways──► ended, bytes unread ──all consumed──► window given back
 *     │                       │
 *     └──reset, either side───┴──reset, eviction──► dropped, window given back
 * </pre>
 */
final class LaneStream implements TunnelStream, WindowBudget.Holder {
    /** What may wait for the lane, in bytes, before the writer is asked to stop, and where it may go on. */
    static final int HIGH_WATER_BYTES = 64 * 1024;

    static final int LOW_WATER_BYTES = 32 * 1024;

    private final Lane lane;
    private final int id;
    private final ReceiveWindow receiveWindow;
    private final PendingBytes outgoing = new PendingBytes(ByteBufAllocator.DEFAULT);
    private final Inbox inbox = new Inbox(ByteBufAllocator.DEFAULT);
    private long sendCreditBytes;
    private boolean writable = true;
    private boolean finishAsked;
    private boolean finSent;
    /** Nothing of the stream passes the lane any more. Where it was reset, by whomever, the inbox is closed as well. */
    private boolean ended;
    /** There was room again, and nobody to tell. */
    private boolean roomUntold;

    /** Whether the stream is in the lane's queue for its next turn; kept by the lane. */
    boolean waitsForTurn;

    LaneStream(Lane lane, int id, ReceiveWindow receiveWindow, long sendCreditBytes) {
        this.lane = lane;
        this.id = id;
        this.receiveWindow = receiveWindow;
        this.sendCreditBytes = sendCreditBytes;
    }

    int id() {
        return id;
    }

    long deliveredBytes() {
        return receiveWindow.consumedBytes();
    }

    @Override
    public EventLoop eventLoop() {
        return lane.eventLoop();
    }

    @Override
    public void listen(Listener newListener) {
        if (inbox.listen(newListener) && roomUntold) {
            roomUntold = false;
            lane.later(this::tellWritable);
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (ended || finishAsked) {
            bytes.release();
            return;
        }
        int size = bytes.readableBytes();
        if (size > 0
                && size <= Math.min(sendCreditBytes, Frame.MAX_DATA_BYTES)
                && outgoing.isEmpty()
                && lane.hasRoomForAll()) {
            sendCreditBytes -= size;
            lane.write(new Frame.Data(id, bytes));
            return;
        }
        outgoing.add(bytes);
        lane.hasWork(this);
        writable &= outgoing.bytes() < HIGH_WATER_BYTES; // Until the listener is told that there is room.
    }

    @Override
    public boolean isWritable() {
        return writable && !ended;
    }

    @Override
    public void finish() {
        if (!ended && !finishAsked) {
            finishAsked = true;
            lane.hasWork(this);
        }
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        reset(new StreamReset(reason, deliveredBytes(), detail));
    }

    @Override
    public void reset(StreamReset reset) {
        if (!ended) {
            lane.write(reset.toFrame(id));
        }
        drop();
    }

    @Override
    public void consumed(int bytes) {
        if (isOver() || bytes <= 0) {
            return;
        }
        int credit = receiveWindow.consume(bytes, System.nanoTime(), lane.roundTripNanos());
        if (credit > 0) {
            lane.write(new Frame.Credit(id, credit));
        }
        if (ended) {
            giveBackWhenRead();
        }
    }

    @Override
    public void report(Exchange exchange) {
        lane.report(id, exchange); // Also when the stream has ended: that may be what there is to tell.
    }

    @Override
    public long stalledSinceNanos() {
        return receiveWindow.stalledSinceNanos();
    }

    @Override
    public void evict() {
        String detail = "the reader stood still while the process was over its window budget";
        eventLoop().execute(() -> {
            if (!ended) {
                lane.write(new Frame.Reset(id, CloseReason.OVERLOADED, deliveredBytes(), detail));
            }
            endBecause(new StreamReset(CloseReason.OVERLOADED, StreamReset.UNKNOWN, detail));
        });
    }

    // What follows is called by the lane.

    /** Whether something can be sent now. */
    boolean hasWork() {
        if (ended || finSent) {
            return false;
        }
        return outgoing.isEmpty() ? finishAsked : sendCreditBytes > 0;
    }

    /** Sends one piece, or the FIN behind the last one. */
    void takeTurn(int mostBytes) {
        if (!hasWork()) {
            return; // Reset while it waited.
        }
        ByteBuf piece = outgoing.poll((int) Math.min(mostBytes, sendCreditBytes));
        if (piece != null) {
            sendCreditBytes -= piece.readableBytes();
            lane.write(new Frame.Data(id, piece));
        }
        if (outgoing.isEmpty() && finishAsked) {
            finSent = true;
            lane.write(new Frame.Fin(id, deliveredBytes()));
            endIfBothFinished();
        } else if (!writable && outgoing.bytes() <= LOW_WATER_BYTES) {
            writable = true;
            lane.later(this::tellWritable);
        }
    }

    /** Not from within the write that made room: a listener would write again, and so on without end. */
    private void tellWritable() {
        if (!writable || ended) {
            return;
        }
        Listener listener = inbox.listener();
        if (listener == null) {
            roomUntold = true;
        } else {
            listener.onWritable();
        }
    }

    void received(ByteBuf bytes) {
        if (ended || inbox.isFinished()) {
            bytes.release();
            return;
        }
        if (!receiveWindow.receive(bytes.readableBytes(), lane.lastReceivedNanos())) {
            bytes.release();
            throw new MalformedFrameException("stream %d was sent more than its window".formatted(id));
        }
        inbox.bytes(bytes);
    }

    void receivedCredit(int bytes) {
        sendCreditBytes = Math.min(sendCreditBytes + bytes, Integer.MAX_VALUE);
        lane.hasWork(this);
    }

    void receivedFin() {
        if (ended || inbox.isFinished()) {
            return;
        }
        receiveWindow.complete();
        inbox.finish();
        endIfBothFinished();
    }

    void receivedReport(Exchange exchange) {
        Listener listener = inbox.listener();
        if (!ended && listener != null) {
            listener.onReport(exchange);
        }
    }

    /** Ends the stream and tells the listener, now or when there is one. */
    void endBecause(StreamReset reset) {
        if (!isOver()) {
            leave();
            inbox.reset(reset);
        }
    }

    private void endIfBothFinished() {
        if (finSent && inbox.isFinished() && !ended) {
            ended = true;
            lane.remove(this);
            giveBackWhenRead();
        }
    }

    /** What a slow reader holds counts until it is read, also when the lane has forgotten the stream. */
    private void giveBackWhenRead() {
        if (!receiveWindow.isUnread()) {
            giveBack();
        }
    }

    private boolean isOver() {
        return inbox.isClosed() || (ended && !receiveWindow.isUnread());
    }

    private void giveBack() {
        lane.leaveBudget(this);
        receiveWindow.close();
    }

    private void drop() {
        if (!inbox.isClosed()) {
            inbox.close();
            leave();
        }
    }

    private void leave() {
        outgoing.release();
        if (!ended) {
            ended = true;
            lane.remove(this);
        }
        giveBack();
    }
}
