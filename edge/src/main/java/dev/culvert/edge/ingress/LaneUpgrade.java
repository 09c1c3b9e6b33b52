package dev.culvert.edge.ingress;

import dev.culvert.websocket.LaneWebSocket;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An agent at the visitor port: a request, at the edge's own host, to change to a WebSocket that carries a lane. No
 * browser makes one: a page that tried would send {@code Origin}.
 */
final class LaneUpgrade {
    private static final int NONCE_BYTES = 16;

    private final LaneDoor door;
    private final FullHttpRequest request;

    /** For a request that {@link #refusal} has nothing against. */
    LaneUpgrade(LaneDoor door, RequestHead head) {
        this.door = door;
        this.request = new DefaultFullHttpRequest(
                head.message().protocolVersion(),
                head.method(),
                head.message().uri(),
                Unpooled.EMPTY_BUFFER,
                head.headers(),
                EmptyHttpHeaders.INSTANCE);
        // In the one way to say it that Netty knows: there are others, and they were understood.
        request.headers()
                .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, LaneWebSocket.SUBPROTOCOL);
    }

    /** Why a request to the edge's own host, for none of its pages, does not become a lane; null when it does. */
    static @Nullable Reply refusal(LaneDoor door, VisitorConnection from, RequestHead head) {
        HttpHeaders headers = head.headers();
        if (!door.takes() || !path(head.target()).equals(LaneWebSocket.PATH)) {
            return Reply.notHere();
        } else if (head.upgrade() == null
                || !head.upgrade().equalsIgnoreCase("websocket")
                || !"13".equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
            return Reply.onlyWebSocket();
        } else if (headers.contains(HttpHeaderNames.ORIGIN)) {
            return Reply.laneRefused("Agents connect here, and pages in browsers do not.");
        } else if (!head.method().equals(HttpMethod.GET) || head.hasBody()) {
            return Reply.notALane("A WebSocket begins with a GET without a body.");
        } else if (!isKey(headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY))) {
            return Reply.notALane("There must be one Sec-WebSocket-Key, of 16 bytes in Base64.");
        } else if (!HeaderRules.tokens(headers, HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)
                .contains(LaneWebSocket.SUBPROTOCOL)) {
            return Reply.notALane("Sec-WebSocket-Protocol must name %s; bring agent and edge to the same release."
                    .formatted(LaneWebSocket.SUBPROTOCOL));
        } else if (!isPrivate(door, from, headers)) {
            return Reply.laneRefused("This edge takes agents of other machines by TLS only: use https:// for the edge."
                    + " Where a balancer ends TLS before it, the balancer's address belongs into --trusted-proxies and"
                    + " X-Forwarded-Proto into its requests; --insecure allows plain lanes.");
        }
        return null;
    }

    /**
     * Whether nobody on the way reads along: TLS up to here or up to a trusted proxy that says so, or nothing beyond this
     * machine.
     */
    private static boolean isPrivate(LaneDoor door, VisitorConnection from, HttpHeaders headers) {
        return door.insecure()
                || from.isSecure()
                || from.saidToBeSecure(headers)
                        .orElseGet(() -> from.address().getAddress().isLoopbackAddress());
    }

    private static String path(String target) {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    private static boolean isKey(List<String> keys) {
        try {
            return keys.size() == 1 && Base64.getDecoder().decode(keys.get(0).strip()).length == NONCE_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * Sends the 101 and hands the connection over.
     *
     * @param decoder HTTP's, which may hold what the agent sent behind its request
     * @param encoder HTTP's; both are in the pipeline, and go
     */
    void begin(Channel channel, RequestDecoder decoder, ResponseEncoder encoder) {
        Codecs codecs = new Codecs();
        ChannelPipeline pipeline = channel.pipeline();
        channel.write(codecs.newHandshakeResponse(request, null), channel.voidPromise());
        channel.flush();
        String place = pipeline.context(encoder).name();
        pipeline.addAfter(place, null, codecs.newWebsocketDecoder());
        // Before the decoder, which says goodbye itself to who breaks the rules.
        pipeline.addAfter(place, null, codecs.newWebSocketEncoder());
        pipeline.remove(encoder);
        LaneWebSocket.begin(channel);
        door.taken().accept(channel);
        channel.config().setAutoRead(true); // The decoder of requests may have stopped it.
        pipeline.remove(decoder); // What it holds comes out as bytes, and everything is in its place.
    }

    /** Netty's, for somebody who has to put them into the pipeline in another order than it does. */
    private static final class Codecs extends WebSocketServerHandshaker13 {
        Codecs() {
            super(
                    LaneWebSocket.PATH,
                    LaneWebSocket.SUBPROTOCOL,
                    WebSocketDecoderConfig.newBuilder()
                            .maxFramePayloadLength(LaneWebSocket.MAX_PAYLOAD_BYTES)
                            .build());
        }

        @Override
        protected FullHttpResponse newHandshakeResponse(FullHttpRequest asked, @Nullable HttpHeaders headers) {
            return super.newHandshakeResponse(asked, headers);
        }

        @Override
        protected WebSocketFrameDecoder newWebsocketDecoder() {
            return super.newWebsocketDecoder();
        }

        @Override
        protected WebSocketFrameEncoder newWebSocketEncoder() {
            return super.newWebSocketEncoder();
        }
    }
}
