package dev.culvert.websocket;

import dev.culvert.lane.LaneTransport;
import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;

/** A lane in a WebSocket: where an edge takes them in, and what both sides agree on. */
public final class LaneWebSocket {
    /** On the edge's own host name. */
    public static final String PATH = "/_culvert/lane";

    /** What both sides name in {@code Sec-WebSocket-Protocol}. */
    public static final String SUBPROTOCOL = "culvert-lane.v1";

    /**
     * The longest payload of one WebSocket frame that is taken, in bytes: one DATA frame of a lane and the frames that
     * were waiting with it. A frame is held until it is whole, so it is what each lane may hold.
     */
    public static final int MAX_PAYLOAD_BYTES = 128 * 1024;

    private LaneWebSocket() {}

    /**
     * The handshake is over, and Netty's WebSocket codecs are in the pipeline: from here on, what is behind them reads
     * and writes bytes of the lane. On the channel's event loop.
     */
    public static void begin(Channel channel) {
        Sockets.append(channel, new WebSocketBytes());
        channel.attr(LaneTransport.FAREWELL).set(() -> new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE));
    }
}
