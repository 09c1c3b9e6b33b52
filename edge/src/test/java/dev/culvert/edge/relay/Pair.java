package dev.culvert.edge.relay;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.PlayedAgent;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Two nodes with a relay each: one that visitors reach, and one that an agent is connected to. Each can lose messages
 * that it sends.
 */
final class Pair implements AutoCloseable {
    static final StreamRequest REQUEST =
            new StreamRequest("host:swift-otter.example.com", StreamRequest.Kind.TCP, "192.0.2.7:4711", 0, 42);

    final PlayedAgent agent;
    final Relay ingress;
    Relay holder;
    final List<Carrier> held = new CopyOnWriteArrayList<>();
    /** What the node of the visitors holds: nothing, at first. */
    final List<Carrier> heldByIngress = new CopyOnWriteArrayList<>();

    final WindowBudget ingressBudget = new WindowBudget(64L * 1024 * 1024);
    final WindowBudget holderBudget = new WindowBudget(64L * 1024 * 1024);
    private final EventLoop visitorLoop;
    private final EventLoop holderLoop;

    /** Which messages do not arrive. */
    volatile Predicate<LinkMessage> lostByIngress = message -> false;

    volatile Predicate<LinkMessage> lostByHolder = message -> false;

    Pair(Nodes nodes) {
        Nodes.Node first = nodes.get(0);
        Nodes.Node second = nodes.get(1);
        agent = PlayedAgent.beside(second);
        held.add(agent);
        visitorLoop = Sockets.eventLoopOf(first.vertx().getOrCreateContext());
        holderLoop = Sockets.eventLoopOf(second.vertx().getOrCreateContext());
        ingress = Nodes.await(
                Relay.start(first.vertx(), first.id(), key -> heldByIngress, ingressBudget, bus -> losing(bus, true)));
        holder = startHolder(second);
    }

    /** With a link that stands: a busy machine may need more than a visitor's one second for the bus's connection. */
    static Pair met(Nodes nodes) {
        Pair pair = new Pair(nodes);
        Nodes.await(pair.ingress.meet(pair.holder.nodeId()));
        return pair;
    }

    private Relay startHolder(Nodes.Node second) {
        return Nodes.await(Relay.start(
                second.vertx(),
                second.id(),
                key -> key.value().equals(REQUEST.tunnel()) ? held : List.of(),
                holderBudget,
                bus -> losing(bus, false)));
    }

    /** Starts the holder's relay again, once it was closed. */
    void reopenHolder(Nodes nodes) {
        holder = startHolder(nodes.get(1));
    }

    private LinkTransport.Bus losing(LinkTransport.Bus bus, boolean byIngress) {
        return message ->
                (byIngress ? lostByIngress : lostByHolder).test(message) ? Future.succeededFuture() : bus.send(message);
    }

    /** A visitor opens a stream at the one node, for the agent at the other. */
    Conversation visit() throws Exception {
        return visit(REQUEST);
    }

    Conversation visit(StreamRequest request) throws Exception {
        return open(ingress, visitorLoop, holder, request);
    }

    /** The other way round: a visitor of the holder, for what the ingress holds. */
    Conversation visitBackwards() throws Exception {
        return open(holder, holderLoop, ingress, REQUEST);
    }

    static Conversation open(Relay from, EventLoop loop, Relay to, StreamRequest request) throws Exception {
        RelayCarrier carrier = new RelayCarrier(from, to.nodeId(), 0);
        TunnelStream stream =
                loop.submit(() -> carrier.open(request, loop).result()).get(10, TimeUnit.SECONDS);
        return new Conversation(stream, request);
    }

    @Override
    public void close() {
        Nodes.await(ingress.close());
        Nodes.await(holder.close());
        agent.close();
    }
}
