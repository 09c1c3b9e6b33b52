package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.vertx.core.Future;
import java.net.URI;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of each request, from its head and from the connection that brought it. The first that applies:
 *
 * <ol>
 *   <li>an authority asks for a proof: it gets it, at any host;
 *   <li>the connection's certificate does not name the host: 421;
 *   <li>the visitor asks too often: 429, but at the edge's own host;
 *   <li>{@link Routes} know neither a tunnel nor the edge itself by this name: 404 or 421;
 *   <li>it came without TLS, and is to come by it: a redirect;
 *   <li>it is for the edge's own host: the end of a sign-in, a page, or a lane for an agent;
 *   <li>it has gone in circles: 508;
 *   <li>the tunnel's {@link Gate} does not let it in;
 *   <li>the tunnel is asked for more often than it wants to be: 429. Else the request goes through it.
 * </ol>
 *
 * <p>{@link HttpExchange} carries the verdict out; nothing is sent here. Called on the visitor's event loop.
 */
final class Reception {
    private final IngressOptions options;
    private final Routes routes;
    private final @Nullable VisitorRates rates;
    private final TunnelRates tunnelRates;
    private final Gate gate;
    private final SignIn signIn;
    private final OwnPages pages;
    private final Proofs proofs;
    private final LaneDoor lanes;
    /** Whether visitors come by TLS to whatever stands before the edge: holds where no trusted proxy says it of a request. */
    private final boolean usuallySecure;

    /**
     * A reception.
     *
     * @param rates how often each visitor has asked; null where nobody counts
     */
    Reception(
            IngressOptions options,
            Routes routes,
            @Nullable VisitorRates rates,
            TunnelRates tunnelRates,
            SignIn signIn,
            OwnPages pages,
            Proofs proofs,
            LaneDoor lanes) {
        URI publicUrl = options.publicUrl();
        this.options = options;
        this.routes = routes;
        this.rates = rates;
        this.tunnelRates = tunnelRates;
        this.gate = new Gate(options.trustedProxies(), signIn);
        this.signIn = signIn;
        this.pages = pages;
        this.proofs = proofs;
        this.lanes = lanes;
        this.usuallySecure = publicUrl != null && "https".equals(publicUrl.getScheme());
    }

    /** What becomes of a request. */
    sealed interface Verdict {}

    /**
     * It goes through a tunnel.
     *
     * @param request what the target gets to see of it
     * @param host what the target is told about its name, and how its answer is made to fit
     */
    record Through(Tunnel tunnel, HttpRequest request, HostPolicy host) implements Verdict {}

    /**
     * The edge answers in the stead of a target.
     *
     * @param asked the tunnel that the visitor does not get to; null where there is none
     * @param answer may be one that is still to come, on any thread
     */
    record Answered(@Nullable Tunnel asked, Future<SignIn.Answer> answer) implements Verdict {
        Answered(SignIn.Answer answer) {
            this(null, Future.succeededFuture(answer));
        }

        Answered(Reply reply) {
            this(new SignIn.Answer(reply));
        }

        Answered(Tunnel asked, Reply reply) {
            this(asked, Future.succeededFuture(new SignIn.Answer(reply)));
        }
    }

    /**
     * The edge itself has what was asked for: a page, or a proof. The access log leaves these out.
     *
     * @param page is the caller's to send, which releases it
     */
    record Served(FullHttpResponse page) implements Verdict {}

    /** An agent asks for a lane: it gets one once its request has ended. */
    record Agent(LaneUpgrade upgrade) implements Verdict {}

    /**
     * Somebody has to be asked first.
     *
     * @param answer comes on any thread
     * @param then decides by it, on the event loop
     */
    record Undecided<T>(Future<T> answer, Function<T, Verdict> then) implements Verdict {}

    /** Decides about a request that has just come. */
    Verdict receive(RequestHead head, VisitorConnection from) {
        Future<Optional<String>> proof = proofs.at(head.target());
        return proof == null
                ? route(head, from)
                : new Undecided<>(
                        proof,
                        found -> found.isPresent()
                                ? new Served(Pages.plain(found.get(), allocator(from)))
                                : route(head, from));
    }

    private Verdict route(RequestHead head, VisitorConnection from) {
        if (!from.arrival().mayAskFor(head.authority().host())) {
            return new Answered(Reply.notServed(head.authority().host()));
        }
        Routes.Route route = routes.to(head.authority());
        // Agents come to the edge's own host: those of an office must not shut each other out.
        long waitSeconds =
                route instanceof Routes.Own || rates == null ? 0 : rates.waitSeconds(from.client(head.headers()));
        return waitSeconds > 0 ? new Answered(Reply.tooManyRequests(waitSeconds)) : follow(route, head, from);
    }

    private Verdict follow(Routes.Route route, RequestHead head, VisitorConnection from) {
        if (route instanceof Routes.Refused refused) {
            return new Answered(refused.reply());
        } else if (route instanceof Routes.Unsure unsure) {
            return new Undecided<>(routes.confirm(unsure), known -> follow(known, head, from));
        }
        IntSupplier httpsPort = options.redirectTo();
        if (httpsPort != null
                && !from.isSecure()
                && !from.saidToBeSecure(head.headers()).orElse(false)) {
            return new Answered(redirect(head, httpsPort.getAsInt()));
        } else if (route instanceof Routes.Through through) {
            return LoopMark.isLoop(head.headers())
                    ? new Answered(Reply.loop(head.authority().host()))
                    : atGate(through.tunnel(), head, from);
        }
        return atOwnHost(head, from);
    }

    private static Reply redirect(RequestHead head, int port) {
        String host = head.authority().host();
        return Reply.redirect("https://" + host + (port == 443 ? "" : ":" + port) + head.target());
    }

    // Through a tunnel.

    private Verdict atGate(Tunnel tunnel, RequestHead head, VisitorConnection from) {
        if (tunnel.policy().isOpen()) {
            return through(tunnel, Gate.In.FREELY, head, from);
        }
        SignIn.Question question = new SignIn.Question(
                head.authority().host(),
                tunnel.owner(),
                tunnel.policy().admission().people(),
                from.isSecure() || from.saidToBeSecure(head.headers()).orElse(usuallySecure),
                head.method(),
                head.target(),
                head.headers());
        Gate.Decision decision = gate.decide(tunnel, from.client(head.headers()), question);
        if (decision instanceof Gate.Out out) {
            return new Answered(tunnel, out.answer());
        }
        return through(tunnel, (Gate.In) decision, head, from);
    }

    private Verdict through(Tunnel tunnel, Gate.In in, RequestHead head, VisitorConnection from) {
        long waitSeconds = tunnelRates.waitSeconds(tunnel);
        if (waitSeconds > 0) {
            return new Answered(tunnel, Reply.tunnelBusy(head.authority().host(), waitSeconds));
        }
        HostPolicy host = HostPolicy.of(tunnel.policy(), head.authority(), from.isSecure() ? "https" : "http");
        HttpRequest request = TargetRequest.of(head, host, from);
        in.forTarget().accept(request.headers());
        LoopMark.add(request.headers());
        if (tunnel.takesOneRequestAStream() && head.upgrade() == null) {
            request.headers().add(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        if (!options.node().isEmpty()) {
            request.headers().set(TargetRequest.NODE, options.node());
        }
        return new Through(tunnel, request, host);
    }

    // At the edge's own host.

    private Verdict atOwnHost(RequestHead head, VisitorConnection from) {
        SignIn.Answer comesBack = signIn.atOwnHost(head.target());
        if (comesBack != null) {
            return new Answered(comesBack);
        }
        Future<OwnPages.Answer> others = pages.answer(
                new OwnPages.Question(head.method(), head.target(), head.headers(), from.client(head.headers())));
        if (others != null) {
            return new Undecided<>(others, answer -> new Served(Pages.of(answer, allocator(from))));
        } else if (head.target().equals("/") || head.target().startsWith("/?")) {
            String accept = head.headers().get(HttpHeaderNames.ACCEPT);
            return new Served(Pages.welcome(options.domain(), accept, allocator(from)));
        }
        Reply refusal = LaneUpgrade.refusal(lanes, from, head);
        return refusal == null ? new Agent(new LaneUpgrade(lanes, head)) : new Answered(refusal);
    }

    private static ByteBufAllocator allocator(VisitorConnection from) {
        return from.channel().alloc();
    }
}
