package dev.culvert.edge.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A target that a test plays, behind a stream without anything in between. The test's thread says what the target does;
 * the stream's listener hears of it on the event loop.
 */
public final class FakeTarget {
    private static final int WAIT_SECONDS = 5;

    private final StreamRequest request;
    private final EventLoop loop;
    private final Stream stream = new Stream();
    private final StringBuilder received = new StringBuilder();
    private final List<Runnable> early = new ArrayList<>();
    private TunnelStream.Listener listener;
    private boolean writable = true;
    private boolean toldToStop;
    private boolean ended;
    private boolean finished;
    private CloseReason resetBy;
    private long delivered;
    private long sent;
    private long consumed;

    /** What the ingress reported. */
    public final BlockingQueue<Exchange> reports = new LinkedBlockingQueue<>();

    FakeTarget(StreamRequest request, EventLoop loop) {
        this.request = request;
        this.loop = loop;
    }

    TunnelStream stream() {
        return stream;
    }

    /** What the stream was opened with. */
    public StreamRequest request() {
        return request;
    }

    /** Waits for a request's head and takes all up to its end. */
    public String awaitHead() throws InterruptedException {
        return awaitText("\r\n\r\n");
    }

    /** Waits until the text has come, and takes what has come up to its end. */
    public synchronized String awaitText(String text) throws InterruptedException {
        await("\"" + text + "\" to come, so far: " + received, () -> received.indexOf(text) >= 0);
        int end = received.indexOf(text) + text.length();
        String taken = received.substring(0, end);
        received.delete(0, end);
        return taken;
    }

    /** Waits until so many bytes have come, and takes them, one for each character. */
    public synchronized String awaitBytes(int count) throws InterruptedException {
        await(count + " bytes to come, so far: " + received.length(), () -> received.length() >= count);
        String taken = received.substring(0, count);
        received.delete(0, count);
        return taken;
    }

    /** What has come and was not taken. */
    public synchronized String untaken() {
        return received.toString();
    }

    /** Sends bytes, one for each character. */
    public FakeTarget send(String text) {
        return send(Unpooled.copiedBuffer(text, ISO_8859_1));
    }

    public FakeTarget send(ByteBuf bytes) {
        synchronized (this) {
            sent += bytes.readableBytes();
        }
        deliver(() -> {
            if (ended) {
                bytes.release();
            } else {
                listener.onBytes(bytes);
            }
        });
        return this;
    }

    /** Sends bytes and its FIN, which come in at once. */
    public void sendLast(String text) {
        loop.execute(() -> send(text).finish());
    }

    /** Sends its FIN. */
    public void finish() {
        deliver(() -> {
            if (!ended) {
                listener.onFinish();
            }
        });
    }

    /** The stream ends. */
    public void reset(CloseReason reason, long deliveredBytes, String detail) {
        deliver(() -> {
            if (!ended) {
                ended = true;
                listener.onReset(new StreamReset(reason, deliveredBytes, detail));
            }
        });
    }

    /** Takes no more, or takes more again, from when this returns. */
    public void takesMore(boolean more) {
        deliver(() -> {
            writable = more;
            if (more && !ended) {
                listener.onWritable();
            }
        });
        loop.submit(() -> {}).syncUninterruptibly();
    }

    /**
     * Takes more again, and says so behind these bytes: to who has not asked before that, as a hop between event loops
     * does.
     */
    public void takesMoreBehind(ByteBuf bytes) {
        deliver(() -> writable = true);
        send(bytes);
        deliver(() -> {
            if (toldToStop && !ended) {
                listener.onWritable();
            }
        });
    }

    /** Waits until the ingress has ended the stream early, and says why. */
    public synchronized CloseReason awaitReset() throws InterruptedException {
        await("a reset", () -> resetBy != null);
        return resetBy;
    }

    /** Waits until the ingress has sent FIN. */
    public synchronized void awaitFinish() throws InterruptedException {
        await("a FIN", () -> finished);
    }

    public synchronized boolean wasReset() {
        return resetBy != null;
    }

    /** How many bytes the ingress holds: sent, and not said to be consumed. */
    public synchronized long held() {
        return sent - consumed;
    }

    /** Waits until nothing is held. */
    public synchronized void awaitConsumed() throws InterruptedException {
        await("all to be consumed, held " + (sent - consumed), () -> sent == consumed);
    }

    /** How many bytes have come in all. */
    public synchronized long delivered() {
        return delivered;
    }

    public Exchange awaitReport() throws InterruptedException {
        Exchange report = reports.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        if (report == null) {
            throw new AssertionError("no report");
        }
        return report;
    }

    private void deliver(Runnable event) {
        loop.execute(() -> {
            if (listener == null) {
                early.add(event);
            } else {
                event.run();
            }
        });
    }

    private synchronized void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("waited in vain for " + what);
            }
            wait(left);
        }
    }

    private final class Stream implements TunnelStream {
        @Override
        public EventLoop eventLoop() {
            return loop;
        }

        @Override
        public void listen(Listener hearing) {
            listener = hearing;
            List<Runnable> waiting = List.copyOf(early);
            early.clear();
            waiting.forEach(Runnable::run);
        }

        @Override
        public void write(ByteBuf bytes) {
            synchronized (FakeTarget.this) {
                if (!ended) {
                    delivered += bytes.readableBytes();
                    received.append(bytes.toString(ISO_8859_1));
                    FakeTarget.this.notifyAll();
                }
            }
            bytes.release();
        }

        @Override
        public boolean isWritable() {
            toldToStop = !writable;
            return writable;
        }

        @Override
        public void finish() {
            synchronized (FakeTarget.this) {
                finished = true;
                FakeTarget.this.notifyAll();
            }
        }

        @Override
        public void reset(CloseReason reason, String detail) {
            reset(new StreamReset(reason, 0, detail));
        }

        @Override
        public void reset(StreamReset reset) {
            synchronized (FakeTarget.this) {
                if (!ended) {
                    ended = true;
                    resetBy = reset.reason();
                    FakeTarget.this.notifyAll();
                }
            }
        }

        @Override
        public void consumed(int bytes) {
            synchronized (FakeTarget.this) {
                consumed += bytes;
                FakeTarget.this.notifyAll();
            }
        }

        @Override
        public void report(Exchange exchange) {
            // Behind a reset of the ingress's own a relay would pass nothing on; behind one of the agent's a lane does.
            if (!wasReset()) {
                reports.add(exchange);
            }
        }
    }
}
