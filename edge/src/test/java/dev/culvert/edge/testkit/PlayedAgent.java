package dev.culvert.edge.testkit;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.lane.Lane;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An agent beside a node: a real lane over a real socket, without the greeting. A test takes the streams from a queue and
 * plays the targets. To the node it is a {@link Carrier}.
 */
public final class PlayedAgent implements Carrier, AutoCloseable {
    private static final int WAIT_SECONDS = 10;

    private final Vertx vertx;
    private final WindowBudget budget = new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes());
    private final BlockingQueue<Conversation> streams = new LinkedBlockingQueue<>();

    /** What the edge told the agent about finished exchanges. */
    public final BlockingQueue<Exchange> reports = new LinkedBlockingQueue<>();

    private volatile boolean echoing;
    private Lane edgeSide;
    private Lane agentSide;
    private NetServer server;
    /** Kept: a client that is collected closes its connections. */
    private NetClient client;

    private PlayedAgent(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Connects an agent to a node. */
    public static PlayedAgent beside(Nodes.Node node) {
        PlayedAgent agent = new PlayedAgent(node.vertx());
        agent.connect();
        return agent;
    }

    private void connect() {
        Promise<Lane> accepted = Promise.promise();
        server = Nodes.await(vertx.createNetServer()
                .connectHandler(socket -> accepted.complete(run(socket, Lane.Side.ACCEPTOR)))
                .listen(0, "127.0.0.1"));
        client = vertx.createNetClient();
        agentSide = Nodes.await(
                client.connect(server.actualPort(), "127.0.0.1").map(socket -> run(socket, Lane.Side.DIALER)));
        edgeSide = Nodes.await(accepted.future());
    }

    private Lane run(NetSocket socket, Lane.Side side) {
        Lane lane = Lane.on(socket, side, LaneOptions.DEFAULT, budget, new Events());
        lane.established(LaneOptions.DEFAULT.streamWindowBytes(), true);
        return lane;
    }

    /** The next stream that was opened to the agent. Nothing of it is read until the test says so. */
    public Conversation awaitStream() throws InterruptedException {
        Conversation stream = streams.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        if (stream == null) {
            throw new AssertionError("no stream was opened within %d s".formatted(WAIT_SECONDS));
        }
        return stream;
    }

    /** The same, for a visitor who is named when it does not come. */
    public Conversation awaitStreamOf(Conversation visitor) throws InterruptedException {
        try {
            return awaitStream();
        } catch (AssertionError e) {
            throw new AssertionError("%s; its visitor has %s".formatted(e.getMessage(), visitor), e);
        }
    }

    /** From now on all targets send back what comes, and nobody needs to take the streams. */
    public void echoAll() {
        echoing = true;
    }

    /** How many streams were opened and not asked for. */
    public int unseenStreams() {
        return streams.size();
    }

    /** The agent says that it takes no more. */
    public void goAway() {
        agentSide.goAway(CloseReason.DRAINING, "the agent is stopping");
    }

    /** The lane breaks. */
    public void vanish() {
        agentSide.close(CloseReason.CLOSED, "the agent has gone");
    }

    public boolean takesStreams() {
        return edgeSide.takesStreams();
    }

    @Override
    public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
        return Future.succeededFuture(edgeSide.open(request, visitorLoop));
    }

    @Override
    public int load() {
        return edgeSide.load();
    }

    @Override
    public void close() {
        agentSide.close(CloseReason.CLOSED, "the test is over");
        Nodes.await(client.close());
        Nodes.await(server.close());
    }

    private final class Events implements Lane.Handler {
        @Override
        public void onFrame(Frame.OfLane frame) {
            // A GOAWAY shows in what the lane takes.
        }

        @Override
        public void onStream(TunnelStream stream, StreamRequest request) {
            Conversation conversation = new Conversation(stream, request);
            if (echoing) {
                conversation.echo();
            } else {
                streams.add(conversation);
            }
        }

        @Override
        public void onExchange(Exchange exchange) {
            reports.add(exchange);
        }

        @Override
        public void onClosed(CloseReason reason, String detail) {
            // Its streams are reset, which is what tests look at.
        }
    }
}
