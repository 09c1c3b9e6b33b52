package dev.culvert.edge.ssh;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.jspecify.annotations.Nullable;

/** A tunnel of a client: what it has asked for, and the name that it has got. Any thread. */
final class Forward implements Carrier {
    /** How long a client's target may take to accept; OpenSSH itself waits for minutes. */
    private static final Duration TARGET_ACCEPTS_WITHIN = Duration.ofSeconds(10);

    private final SshConnection connection;
    private volatile Asked asked;
    private volatile @Nullable TunnelKey key;
    private volatile boolean bound;

    Forward(SshConnection connection, Asked asked) {
        this.connection = connection;
        this.asked = asked;
    }

    SshConnection connection() {
        return connection;
    }

    Asked asked() {
        return asked;
    }

    /** What is served; null until the registry has said so. */
    @Nullable
    TunnelKey key() {
        return key;
    }

    /** Whether its bind is over. */
    boolean isBound() {
        return bound;
    }

    void bound() {
        bound = true;
    }

    /** It has this name now. */
    void serves(TunnelKey given) {
        key = given;
        if (given.isPort() && asked.port() == 0) {
            asked = asked.at(Integer.parseInt(given.name())); // So the client calls it from here on.
        }
    }

    @Override
    public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
        if (!connection.admits()) {
            return Future.failedFuture(StreamClosedException.refused(
                    CloseReason.OVERLOADED, "%d connections of the client are open".formatted(connection.load())));
        }
        ChannelStream stream = new ChannelStream(visitorLoop);
        Promise<TunnelStream> opened = Promise.promise();
        Visitor visitor = Visitor.of(request.visitor());
        ForwardedChannel channel =
                new ForwardedChannel(asked, visitor.host(), visitor.port(), connection.budget(), stream);
        stream.attach(channel);
        // A refusal closes the channel too, and may do so before anybody has asked for the answer.
        channel.addCloseFutureListener(closed -> visitorLoop.execute(() -> opened.tryFail(fault(channel.refusal()))));
        try {
            connection
                    .open(channel)
                    .addListener(answer -> visitorLoop.execute(() -> {
                        boolean wanted = answer.isOpened()
                                ? opened.tryComplete(stream)
                                : opened.tryFail(fault(answer.getException()));
                        if (answer.isOpened() && !wanted) {
                            stream.reset(CloseReason.CANCELLED, "too late");
                        }
                    }));
        } catch (IOException | IllegalStateException e) {
            return Future.failedFuture(lost());
        }
        ScheduledFuture<?> late = visitorLoop.schedule(
                () -> opened.tryFail(StreamClosedException.refused(CloseReason.TARGET_REFUSED, "no answer in time")),
                TARGET_ACCEPTS_WITHIN.toMillis(),
                TimeUnit.MILLISECONDS);
        return opened.future().onComplete(done -> late.cancel(false));
    }

    @Override
    public int load() {
        return connection.load();
    }

    @Override
    public boolean isDoubtful() {
        return connection.isDoubtful();
    }

    private static StreamClosedException lost() {
        return StreamClosedException.refused(CloseReason.LANE_LOST, "the SSH connection has ended");
    }

    private static StreamClosedException fault(@Nullable Throwable cause) {
        if (!(cause instanceof SshChannelOpenException refusal)) {
            return lost();
        }
        CloseReason reason =
                switch (refusal.getReasonCode()) {
                    case SshConstants.SSH_OPEN_CONNECT_FAILED -> CloseReason.TARGET_REFUSED;
                    case SshConstants.SSH_OPEN_RESOURCE_SHORTAGE -> CloseReason.OVERLOADED;
                    default -> CloseReason.NOT_HELD;
                };
        return StreamClosedException.refused(reason, String.valueOf(refusal.getMessage()));
    }

    /** Where a visitor comes from, as SSH wants it. */
    private record Visitor(String host, int port) {
        static Visitor of(String address) {
            int colon = address.lastIndexOf(':');
            if (colon < 0) {
                return new Visitor("0.0.0.0", 0);
            }
            String host = address.substring(0, colon);
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            return new Visitor(
                    bracketed ? host.substring(1, host.length() - 1) : host,
                    Integer.parseInt(address.substring(colon + 1)));
        }
    }
}
