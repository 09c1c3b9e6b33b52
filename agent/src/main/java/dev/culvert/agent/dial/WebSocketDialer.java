package dev.culvert.agent.dial;

import dev.culvert.lane.Sockets;
import dev.culvert.websocket.LaneWebSocket;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.vertx.core.Future;

/** A lane in a WebSocket: through whatever passes web traffic. */
final class WebSocketDialer implements LaneDialer {
    /** More than any page that says no. */
    private static final int MOST_ANSWER_BYTES = 64 * 1024;

    private final LaneDialer connections;
    private final EdgeAddress edge;
    private final String software;

    /**
     * @param connections dials what the WebSocket runs on
     * @param software what the request calls the agent
     */
    WebSocketDialer(LaneDialer connections, EdgeAddress edge, String software) {
        this.connections = connections;
        this.edge = edge;
        this.software = software;
    }

    @Override
    public Future<Channel> dial() {
        return connections.dial().compose(this::upgrade);
    }

    private Future<Channel> upgrade(Channel channel) {
        LaneHandshake handshake = new LaneHandshake(edge, LaneWebSocket.PATH, software);
        Sockets.append(channel, new HttpClientCodec());
        Sockets.append(channel, new HttpObjectAggregator(MOST_ANSWER_BYTES));
        Sockets.append(channel, handshake);
        return handshake.begin(channel);
    }
}
