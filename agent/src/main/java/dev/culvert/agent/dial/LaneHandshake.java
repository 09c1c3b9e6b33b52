package dev.culvert.agent.dial;

import dev.culvert.websocket.LaneWebSocket;
import dev.culvert.wire.CloseReason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Asks an edge to make an HTTP connection a WebSocket. Behind HTTP's codecs, which it takes out again. */
final class LaneHandshake extends SimpleChannelInboundHandler<FullHttpResponse> {
    /** How long the edge, and the balancer before it, may take to answer. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** The first line of what a page says, and of a long one no more. */
    private static final int MOST_WORDS = 300;

    private final WebSocketClientHandshaker handshaker;
    private final Promise<Channel> upgraded = Promise.promise();
    private @Nullable ScheduledFuture<?> timer;

    LaneHandshake(EdgeAddress edge, String path, String software) {
        String scheme = edge.transport() == EdgeAddress.Transport.WSS ? "wss" : "ws";
        HttpHeaders headers = new DefaultHttpHeaders()
                .set(HttpHeaderNames.USER_AGENT, software)
                .set(HttpHeaderNames.ACCEPT, "text/plain");
        this.handshaker = WebSocketClientHandshakerFactory.newHandshaker(
                URI.create("%s://%s%s".formatted(scheme, edge.hostPort(), path)),
                WebSocketVersion.V13,
                LaneWebSocket.SUBPROTOCOL,
                false,
                headers,
                LaneWebSocket.MAX_PAYLOAD_BYTES,
                true,
                false,
                TIMEOUT.toMillis(),
                false,
                false); // No Origin: that is what tells an agent from a page.
    }

    /** The channel, once it carries a lane; fails with {@link DialException}, and then it is closed. On its event loop. */
    Future<Channel> begin(Channel channel) {
        timer = channel.eventLoop()
                .schedule(
                        () -> fail(channel, "no answer within %d s".formatted(TIMEOUT.toSeconds())),
                        TIMEOUT.toMillis(),
                        TimeUnit.MILLISECONDS);
        handshaker.handshake(channel).addListener(sent -> {
            if (!sent.isSuccess()) {
                fail(channel, String.valueOf(sent.cause().getMessage()));
            }
        });
        return upgraded.future();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpResponse response) {
        Channel channel = context.channel();
        if (!response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            fail(channel, refusal(response));
            return;
        }
        try {
            handshaker.finishHandshake(channel, response);
        } catch (WebSocketClientHandshakeException e) {
            fail(channel, "its WebSocket is none for lanes");
            return;
        }
        cancelTimer();
        context.pipeline().remove(this);
        LaneWebSocket.begin(channel);
        upgraded.complete(
                channel); // What came with the answer is handed on when the codec goes, in the loop's next turn.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            fail(context.channel(), "it closed the connection");
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(context.channel(), "it closed the connection");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(context.channel(), String.valueOf(cause.getMessage()));
    }

    private DialException refusal(FullHttpResponse response) {
        HttpResponseStatus status = response.status();
        String location = response.headers().get(HttpHeaderNames.LOCATION);
        if (status.codeClass() == HttpStatusClass.REDIRECTION && location != null) {
            return noLane("it says that it is at %s now: name that with --edge".formatted(shortened(location)));
        } else if (!response.headers().contains("culvert-error")) {
            return noLane("its status is %d".formatted(status.code()));
        }
        String words = shortened(response.content().toString(StandardCharsets.UTF_8));
        return status.equals(HttpResponseStatus.FORBIDDEN)
                ? new DialException(DialException.Kind.REFUSED, CloseReason.UNAUTHORIZED, words)
                : noLane(words);
    }

    private static String shortened(String text) {
        String line = text.strip().lines().findFirst().orElse("nothing");
        return line.length() > MOST_WORDS ? line.substring(0, MOST_WORDS) + "…" : line;
    }

    private static DialException noLane(String words) {
        return new DialException(DialException.Kind.NO_WELCOME, CloseReason.LANE_LOST, words);
    }

    private void fail(Channel channel, String words) {
        fail(channel, noLane(words));
    }

    private void fail(Channel channel, DialException why) {
        cancelTimer();
        if (upgraded.tryFail(why)) {
            channel.close();
        }
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
