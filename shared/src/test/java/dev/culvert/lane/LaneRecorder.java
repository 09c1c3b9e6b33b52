package dev.culvert.lane;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Keeps what a lane's handler hears. */
final class LaneRecorder implements Lane.Handler {
    /** How a lane ended. */
    record Closed(CloseReason reason, String detail) {}

    final BlockingQueue<Frame.OfLane> frames = new LinkedBlockingQueue<>();
    final BlockingQueue<StreamRecorder> streams = new LinkedBlockingQueue<>();
    final BlockingQueue<Exchange> exchanges = new LinkedBlockingQueue<>();
    final CompletableFuture<Closed> closed = new CompletableFuture<>();
    private final Consumer<StreamRecorder> onStream;

    /** @param onStream what is done at once with each stream that the peer opens */
    LaneRecorder(Consumer<StreamRecorder> onStream) {
        this.onStream = onStream;
    }

    @Override
    public void onFrame(Frame.OfLane frame) {
        frames.add(frame);
    }

    @Override
    public void onStream(TunnelStream stream, StreamRequest request) {
        StreamRecorder recorder = new StreamRecorder(stream, request);
        onStream.accept(recorder);
        streams.add(recorder);
    }

    @Override
    public void onExchange(Exchange exchange) {
        exchanges.add(exchange);
    }

    @Override
    public void onClosed(CloseReason reason, String detail) {
        if (!closed.complete(new Closed(reason, detail))) {
            throw new IllegalStateException("closed twice");
        }
    }

    /** The next stream that the peer opens. */
    StreamRecorder nextStream() throws InterruptedException {
        StreamRecorder stream = streams.poll(ScriptedPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (stream == null) {
            throw new AssertionError("no stream was opened");
        }
        return stream;
    }

    CloseReason closeReason() {
        return closed.orTimeout(ScriptedPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join()
                .reason();
    }
}
