package dev.culvert.lane;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServerOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One lane on a real socket, accepted by a server of Vert.x, and a scripted peer at its other end, who dialed. */
final class LaneBench implements AutoCloseable {
    /** Small windows, so that tests fill them with little: 64 KiB at first, 16 KiB as the floor, 256 KiB at most. */
    static final LaneOptions OPTIONS = new LaneOptions(
            64 * 1024, 16 * 1024, 256 * 1024, 1024 * 1024, Duration.ofSeconds(30), Duration.ofSeconds(30));

    static final StreamRequest REQUEST =
            new StreamRequest("host:a.example.com", StreamRequest.Kind.HTTP, "192.0.2.1:9", 0, 0);

    final Vertx vertx;
    private final EventLoop otherLoop = new DefaultEventLoop();
    final WindowBudget budget;
    final LaneOptions options;
    private int peerWindowBytes = 1024 * 1024;
    private Consumer<StreamRecorder> onStream = StreamRecorder::listen;
    private boolean greets = true;

    LaneBench(LaneOptions options) {
        this(options, true);
    }

    /** One whose process has memory for so many streams. */
    static LaneBench withRoomFor(int streams) {
        return new LaneBench(OPTIONS, true, streams);
    }

    /** @param nativeTransport whether on epoll, where there is one, or on Java's own sockets */
    LaneBench(LaneOptions options, boolean nativeTransport) {
        this(options, nativeTransport, Integer.MAX_VALUE);
    }

    private LaneBench(LaneOptions options, boolean nativeTransport, int mostStreams) {
        this.vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(nativeTransport));
        this.options = options;
        this.budget = new WindowBudget(options.windowBudgetBytes(), mostStreams);
    }

    LaneBench() {
        this(OPTIONS);
    }

    /** What the lane may send on a new stream. */
    LaneBench peerWindow(int bytes) {
        peerWindowBytes = bytes;
        return this;
    }

    /** What is done at once with each stream that the peer opens; listens otherwise. */
    LaneBench onStream(Consumer<StreamRecorder> action) {
        onStream = action;
        return this;
    }

    /** The handshake stays open. */
    LaneBench withoutGreeting() {
        greets = false;
        return this;
    }

    /** A lane, its handler, its peer, and the end of its socket. */
    record Run(Lane lane, LaneRecorder handler, ScriptedPeer peer, CompletableFuture<Void> socketClosed) {
        /** Opens a stream and listens to it, with the visitor on the lane's own loop. */
        StreamRecorder open() {
            return open(lane.eventLoop());
        }

        StreamRecorder open(EventLoop visitorLoop) {
            TunnelStream stream = on(visitorLoop, () -> lane.open(REQUEST, visitorLoop));
            return new StreamRecorder(stream, REQUEST).listen();
        }

        /** Opens a stream, with its OPEN at the peer already. */
        StreamRecorder opened() {
            StreamRecorder stream = open();
            peer.await(Frame.Open.class);
            return stream;
        }

        /** The peer opens a stream, which takes the window that the lane gave it. */
        StreamRecorder accept(int id) throws InterruptedException {
            peer.send(new Frame.Open(id, REQUEST, 1024 * 1024, OPTIONS.streamWindowBytes()));
            return handler.nextStream();
        }

        <T> T ask(Callable<T> question) {
            return on(lane.eventLoop(), question);
        }

        /** Waits until the lane has handled all that the peer has sent, and answered nothing to it. */
        void settle() {
            peer.send(new Frame.Ping(4711));
            peer.expect(Frame.Pong.class);
        }

        /** The same, whatever it answered. */
        void settleAnyhow() {
            peer.send(new Frame.Ping(4711));
            peer.await(Frame.Pong.class);
        }
    }

    /** Calls something on a loop and waits for its answer; at once when the loop itself asks. */
    static <T> T on(EventLoop loop, Callable<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Runnable asking = () -> {
            try {
                answer.complete(question.call());
            } catch (Exception e) {
                answer.completeExceptionally(e);
            }
        };
        if (loop.inEventLoop()) {
            asking.run();
        } else {
            loop.execute(asking);
        }
        return answer.orTimeout(ScriptedPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    Run start() throws IOException {
        CompletableFuture<Lane> accepted = new CompletableFuture<>();
        CompletableFuture<Void> socketClosed = new CompletableFuture<>();
        LaneRecorder handler = new LaneRecorder(onStream);
        int port = vertx.createNetServer(new NetServerOptions().setSendBufferSize(64 * 1024)) // Soon full.
                .connectHandler(socket -> {
                    socket.closeHandler(socketClosed::complete);
                    Lane lane = Lane.on(socket, Lane.Side.ACCEPTOR, options, budget, handler);
                    if (greets) {
                        lane.established(peerWindowBytes, true);
                    }
                    accepted.complete(lane);
                })
                .listen(0, "127.0.0.1")
                .await()
                .actualPort();
        ScriptedPeer peer = ScriptedPeer.connect(port);
        Lane lane = accepted.orTimeout(ScriptedPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
        return new Run(lane, handler, peer, socketClosed);
    }

    /** An event loop that is not the lane's. */
    EventLoop otherLoop() {
        return otherLoop;
    }

    @Override
    public void close() {
        vertx.close().await();
        otherLoop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
}
