package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.config.Rate;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.UnreadPolicy;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReceptionTest {
    private final FakeRegistry registry = new FakeRegistry();
    private final Reception reception = new Reception(
            Door.options(),
            new Routes(Door.options(), registry),
            null,
            new TunnelRates(),
            SignIn.NONE,
            OwnPages.NONE,
            Proofs.NONE,
            LaneDoor.NONE);

    @Test
    void requestForATunnelThatThisNodeKnowsIsDecidedAtOnce() {
        Tunnel known = FakeRegistry.tunnel(Door.HOST);
        registry.know(known);

        Reception.Verdict verdict = receive(Door.HOST);

        Reception.Through through = assertInstanceOf(Reception.Through.class, verdict);
        assertEquals(known, through.tunnel());
        assertEquals(Door.HOST, through.request().headers().get(HttpHeaderNames.HOST));
        assertEquals(List.of(), registry.confirmed);
    }

    @Test
    void unknownNameIsUndecidedUntilTheClusterHasBeenAsked() throws Exception {
        Reception.Undecided<?> undecided = assertInstanceOf(Reception.Undecided.class, receive("nobody.example.com"));

        Reception.Answered answered = assertInstanceOf(Reception.Answered.class, decided(undecided));
        assertEquals("tunnel_not_found", answered.answer().result().reply().code());
    }

    @Test
    void whoIsNotLetInIsAnsweredInTheNameOfTheTunnel() {
        Tunnel.Policy policy = new Tunnel.Policy(
                "preserve",
                "127.0.0.1:3000",
                0,
                false,
                Admission.EVERYBODY.withNetworks(Networks.parse("203.0.113.0/24")));
        Tunnel closed = FakeRegistry.tunnel(Door.HOST, policy, Set.of(FakeRegistry.CLAIM));
        registry.know(closed);

        Reception.Verdict verdict = receive(Door.HOST);

        Reception.Answered answered = assertInstanceOf(Reception.Answered.class, verdict);
        assertEquals(closed, answered.asked());
        assertEquals("address_not_admitted", answered.answer().result().reply().code());
    }

    @Test
    void whoComesWhenTheTunnelHasEnoughIsAnsweredInItsName() {
        Tunnel.Policy policy = new Tunnel.Policy(
                "preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY, Rate.parse("1/h"), UnreadPolicy.NOTHING);
        Tunnel busy = FakeRegistry.tunnel(Door.HOST, policy, Set.of(FakeRegistry.CLAIM));
        registry.know(busy);
        assertInstanceOf(Reception.Through.class, receive(Door.HOST));

        Reception.Verdict verdict = receive(Door.HOST);

        Reception.Answered answered = assertInstanceOf(Reception.Answered.class, verdict);
        assertEquals(busy, answered.asked());
        assertEquals("tunnel_busy", answered.answer().result().reply().code());
    }

    @Test
    void ownHostIsServedByTheEdge() {
        Reception.Served served = assertInstanceOf(Reception.Served.class, receive(Door.DOMAIN));

        assertEquals(200, served.page().status().code());
        assertTrue(served.page().release());
    }

    private Reception.Verdict receive(String host) {
        InetSocketAddress somewhere = new InetSocketAddress("192.0.2.1", 1);
        EmbeddedChannel channel = new EmbeddedChannel();
        new Arrival(somewhere, somewhere, System.nanoTime(), false, null, false).settle(channel);
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.headers().set(HttpHeaderNames.HOST, host);
        return reception.receive(RequestHead.of(request), new VisitorConnection(channel, Door.options()));
    }

    private static <T> Reception.Verdict decided(Reception.Undecided<T> undecided) throws Exception {
        return undecided.then().apply(undecided.answer().await(5, TimeUnit.SECONDS));
    }
}
