package dev.culvert.testkit;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameReader;
import dev.culvert.wire.FrameWriter;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The other end of a lane: told which frames to send and to expect, it plays them over a real socket, from the test's
 * own thread. It answers each PING by itself, unless told to {@linkplain #stopAnsweringPings() stop}, and does nothing
 * else that it was not told.
 *
 * <p>What does not come within {@link #PATIENCE} fails the test. Reading never waits for the script: how much the code
 * under test sends is seen, not limited. {@link #stopReading()} is the exception.
 */
public final class ScriptedPeer implements AutoCloseable {
    /** How long to wait for what should come: generous, because the machine may be busy. */
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Socket socket;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private volatile boolean answeringPings = true;
    private volatile boolean closingBehindTheEnd;
    private final Object gate = new Object();
    private boolean reading = true;

    /** A frame, or how the connection ended. */
    private sealed interface Event {
        record Arrived(Frame frame) implements Event {}

        record Ended(String how) implements Event {}
    }

    private ScriptedPeer(Socket socket) {
        this.socket = socket;
        Thread reader = new Thread(this::read, "scripted-peer");
        reader.setDaemon(true);
        reader.start();
    }

    /** Plays a dialer: connects to a port of this machine. */
    public static ScriptedPeer connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(64 * 1024); // Small and of one size, so that who does not read is soon full.
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) PATIENCE.toMillis());
        socket.setTcpNoDelay(true);
        return new ScriptedPeer(socket);
    }

    /** Where dialers come in, on a free port of the loopback address. */
    public static Door listen() throws IOException {
        return listen(0);
    }

    /** The same on a port that was free a moment ago: for a peer that comes back. */
    public static Door listen(int port) throws IOException {
        return new Door(new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1")));
    }

    /** Plays acceptors, one for each connection. */
    public static final class Door implements AutoCloseable {
        private final ServerSocket socket;

        private Door(ServerSocket socket) throws IOException {
            this.socket = socket;
            socket.setSoTimeout((int) PATIENCE.toMillis());
        }

        public int port() {
            return socket.getLocalPort();
        }

        /** {@code 127.0.0.1:port}. */
        public String address() {
            return "127.0.0.1:" + port();
        }

        /** The next dialer. */
        public ScriptedPeer accept() throws IOException {
            Socket accepted = socket.accept();
            accepted.setTcpNoDelay(true);
            return new ScriptedPeer(accepted);
        }

        /** Whether somebody dials within the time: for tests that nobody does. */
        public boolean isDialedWithin(Duration time) throws IOException {
            socket.setSoTimeout((int) time.toMillis());
            try (Socket accepted = socket.accept()) {
                return accepted.isConnected();
            } catch (java.net.SocketTimeoutException e) {
                return false;
            } finally {
                socket.setSoTimeout((int) PATIENCE.toMillis());
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** Sends frames, in this order. */
    public synchronized ScriptedPeer send(Frame... frames) {
        for (Frame frame : frames) {
            try {
                write(frame);
            } catch (IOException e) {
                throw new AssertionError("cannot send " + frame, e);
            }
        }
        return this;
    }

    private synchronized void write(Frame frame) throws IOException {
        ByteBuf header = FrameWriter.write(frame, UnpooledByteBufAllocator.DEFAULT);
        try {
            header.readBytes(socket.getOutputStream(), header.readableBytes());
            if (frame instanceof Frame.Data data) {
                data.payload()
                        .readBytes(socket.getOutputStream(), data.payload().readableBytes());
                data.payload().release();
            }
        } finally {
            header.release();
        }
    }

    /** Sends text as the data of a stream. */
    public ScriptedPeer sendText(int streamId, String text) {
        return send(new Frame.Data(streamId, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)));
    }

    /** Sends bytes that need not be frames. */
    public ScriptedPeer sendRaw(byte... bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new AssertionError("cannot send bytes", e);
        }
        return this;
    }

    /** The next frame, which must be of this type. */
    public <F extends Frame> F expect(Class<F> type) {
        Event event = next(type.getSimpleName());
        if (event instanceof Event.Arrived arrived && type.isInstance(arrived.frame())) {
            return type.cast(arrived.frame());
        }
        throw new AssertionError("expected %s, got %s".formatted(type.getSimpleName(), event));
    }

    /** The next frame of this type; others before it are dropped. */
    public <F extends Frame> F await(Class<F> type) {
        while (true) {
            Event event = next(type.getSimpleName());
            if (event instanceof Event.Ended) {
                throw new AssertionError("expected %s, got %s".formatted(type.getSimpleName(), event));
            }
            if (event instanceof Event.Arrived arrived && type.isInstance(arrived.frame())) {
                return type.cast(arrived.frame());
            }
        }
    }

    /** So many bytes of a stream's data, as text; CREDIT and other frames between them are dropped. */
    public String expectText(int streamId, int bytes) {
        ByteArrayOutputStream collected = new ByteArrayOutputStream();
        while (collected.size() < bytes) {
            Frame.Data data = await(Frame.Data.class);
            if (data.streamId() != streamId) {
                throw new AssertionError(
                        "expected data of stream %d, got it of %d".formatted(streamId, data.streamId()));
            }
            byte[] piece = new byte[data.payload().readableBytes()];
            data.payload().readBytes(piece);
            collected.writeBytes(piece);
        }
        return collected.toString(StandardCharsets.UTF_8);
    }

    /** The GOAWAY with this reason; other frames before it are dropped. */
    public Frame.GoAway expectGoAway(CloseReason reason) {
        Frame.GoAway goAway = await(Frame.GoAway.class);
        if (goAway.reason() != reason) {
            throw new AssertionError("expected GOAWAY %s, got %s".formatted(reason, goAway));
        }
        return goAway;
    }

    /** The end of the connection; frames before it are dropped. */
    public void expectEnd() {
        while (!(next("the end of the connection") instanceof Event.Ended)) {
            // Sent before the end.
        }
    }

    /** That no frame comes within the time. */
    public void expectNothingFor(Duration time) {
        try {
            Event event = events.poll(time.toMillis(), TimeUnit.MILLISECONDS);
            if (event != null) {
                throw new AssertionError("expected nothing, got " + event);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    /** From here on PINGs stay unanswered: the peer is silent, and the connection open. */
    public ScriptedPeer stopAnsweringPings() {
        answeringPings = false;
        return this;
    }

    /** Closes its side once it has read the end of the other: as a real peer does. */
    public ScriptedPeer closeBehindTheEnd() {
        closingBehindTheEnd = true;
        return this;
    }

    /** From here on nothing is read from the socket, so that the sender's buffers fill. */
    public ScriptedPeer stopReading() {
        setReading(false);
        return this;
    }

    /** Reads on after {@link #stopReading}. */
    public ScriptedPeer readOn() {
        setReading(true);
        return this;
    }

    private void setReading(boolean whether) {
        synchronized (gate) {
            reading = whether;
            gate.notifyAll();
        }
    }

    private void awaitReading() throws InterruptedException {
        synchronized (gate) {
            while (!reading) {
                gate.wait();
            }
        }
    }

    /** Ends the connection without a word, as a process does that is killed. */
    @Override
    public void close() throws IOException {
        socket.close();
        setReading(true); // So that the reader sees it.
    }

    private Event next(String wanted) {
        try {
            Event event = events.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (event == null) {
                throw new AssertionError("expected %s, nothing came in %s".formatted(wanted, PATIENCE));
            }
            return event;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for " + wanted, e);
        }
    }

    private void read() {
        FrameReader frames = new FrameReader();
        byte[] bytes = new byte[16 * 1024];
        try {
            while (true) {
                awaitReading();
                int count = socket.getInputStream().read(bytes);
                if (count < 0) {
                    events.add(new Event.Ended("the end"));
                    if (closingBehindTheEnd) {
                        socket.close();
                    }
                    return;
                }
                frames.read(Unpooled.copiedBuffer(bytes, 0, count), this::arrived);
            }
        } catch (IOException | UncheckedIOException | InterruptedException e) {
            events.add(new Event.Ended(String.valueOf(e.getMessage())));
        } catch (MalformedFrameException e) {
            events.add(new Event.Ended("bytes that are not frames: " + e.getMessage()));
        } finally {
            frames.close();
        }
    }

    private void arrived(Frame frame) {
        if (frame instanceof Frame.Ping ping && answeringPings) {
            pong(ping);
        } else if (!(frame instanceof Frame.Ping)) {
            events.add(new Event.Arrived(frame));
        }
    }

    /** The script may close the connection at any time. */
    private void pong(Frame.Ping ping) {
        try {
            write(new Frame.Pong(ping.token()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the script still has not looked at, for messages. */
    @Override
    public String toString() {
        return "ScriptedPeer" + List.copyOf(events);
    }
}
