package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.RegistryBusyException;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its response. {@link Reception} decides what becomes of the request; here it is done, and as a rule it
 * is sent to a target. Runs on the visitor's event loop.
 *
 * <pre>
 *   undecided ──► attempt ──► answering ──► answered ──► over
 *       │           │  ▲          │            └ the rest of the request goes on to the target
 *       │           └──┘ sound    └──► raw (101), or cut when the answer breaks off
 *       ├───────────┴─────────────► over, with an answer of the edge's own
 *       └──► a lane, once the request has ended
 * </pre>
 */
final class HttpExchange implements TargetConnection.Listener {
    private static final Logger LOGGER = LoggerFactory.getLogger(HttpExchange.class);

    /** How far it has come. It never goes back. */
    private enum State {
        UNANSWERED,
        /** The head of the target's answer is out. */
        ANSWERING,
        /** The target's answer is out, and not all of the request has come. */
        ANSWERED,
        /** Nothing more is done for it. */
        OVER
    }

    private final Ingress ingress;
    private final Visitor visitor;
    private final RequestHead head;
    private final EventLoop loop;
    private final ByteBufAllocator allocator;
    private final ReplayBody replay;
    private final Deadline rest;
    /** The tunnel that the visitor does not get to. */
    private @Nullable Tunnel asked;

    private @Nullable LaneUpgrade lane;
    private Reception.@Nullable Through through;
    private @Nullable ExchangeRecord record;
    private @Nullable Attempts attempts;
    private @Nullable ResponseTimeout timeout;
    private @Nullable TargetConnection target;
    private boolean bodyBegun;
    private boolean requestEnded;
    private boolean continued;
    private State state = State.UNANSWERED;

    HttpExchange(Ingress ingress, Visitor visitor, RequestHead head) {
        this.ingress = ingress;
        this.visitor = visitor;
        this.head = head;
        Channel channel = visitor.connection().channel();
        this.loop = channel.eventLoop();
        this.allocator = channel.alloc();
        this.replay = new ReplayBody(allocator);
        this.rest = new Deadline(loop, this::restOfRequestIsLate);
    }

    // What becomes of it.

    void start() {
        visitor.stopRequest();
        carryOut(ingress.reception().receive(head, visitor.connection()));
    }

    private void carryOut(Reception.Verdict verdict) {
        if (verdict instanceof Reception.Through allowed) {
            goThrough(allowed);
        } else if (verdict instanceof Reception.Undecided<?> undecided) {
            await(undecided);
        } else if (verdict instanceof Reception.Answered answered) {
            asked = answered.asked();
            onLoop(answered.answer(), this::answer);
        } else if (verdict instanceof Reception.Served served) {
            serve(served.page());
        } else if (verdict instanceof Reception.Agent agent) {
            lane = agent.upgrade(); // It begins once the request has ended, which has no body.
        }
    }

    private <T> void await(Reception.Undecided<T> undecided) {
        onLoop(undecided.answer(), answer -> carryOut(undecided.then().apply(answer)));
    }

    // The visitor's side.

    /** A piece of the request's body. Taken over. */
    void onRequestContent(HttpContent content) {
        bodyBegun |= content.content().isReadable();
        requestEnded |= content instanceof LastHttpContent;
        if (state == State.OVER) {
            content.release();
            return;
        }
        if (lane != null) {
            content.release();
            becomeLane(lane);
            return;
        }
        if (record != null) {
            record.requestBytes(content.content().readableBytes());
        }
        HttpContent piece = TargetRequest.piece(content);
        if (state == State.UNANSWERED) {
            replay.add(piece);
        }
        if (target == null) {
            piece.release(); // It waits in the replay buffer.
            return;
        }
        TargetConnection sending = target;
        sending.send(piece);
        if (!requestEnded && !sending.isWritable()) {
            visitor.stopRequest();
        }
        if (state == State.ANSWERED && requestEnded) {
            endAnswered();
        } else if (state == State.ANSWERED) {
            rest.in(ingress.options().deadlines().idle());
        }
        watchTarget();
    }

    void onVisitorWritable(boolean writable) {
        if (target == null) {
            return;
        } else if (writable) {
            target.resume();
        } else {
            target.pause();
        }
    }

    /** The visitor left, or its request makes no sense any more; there is nobody to answer. */
    void onVisitorGone(String how) {
        if (state != State.OVER) {
            end(CloseReason.CANCELLED, how);
        }
    }

    /** The body is not what its framing says. */
    void onMalformedBody() {
        if (state == State.OVER) {
            return;
        }
        visitor.closeAfterwards();
        if (state != State.UNANSWERED) {
            end(CloseReason.CANCELLED, "the request's body is malformed");
            visitor.cut();
        } else {
            answer(Reply.malformed("The body is not framed as RFC 9112 has it."));
        }
    }

    // The way to the target.

    private void goThrough(Reception.Through allowed) {
        Tunnel tunnel = allowed.tunnel();
        HttpRequest request = allowed.request();
        String user = ingress.writesDown() ? request.headers().get(Gate.USER) : null;
        through = allowed;
        record = new ExchangeRecord(ingress, tunnel, head, visitor.connection(), user);
        attempts = new Attempts(ingress, tunnel);
        timeout = ResponseTimeout.of(tunnel.policy(), loop, waited -> answer(Reply.tooLate(waited)));
        TargetConnection pinned = visitor.connection().pinned().take(tunnel);
        if (pinned != null) {
            attempts.usePinned();
            send(pinned, request);
        } else {
            attempt(attempts, request);
        }
    }

    private void attempt(Attempts attempts, HttpRequest request) {
        onLoop(attempts.open(visitor.connection().peer(), loop), stream -> {
            send(new TargetConnection(attempts.tunnel(), stream, attempts.asked(), allocator, ingress), request);
        });
    }

    private void send(TargetConnection connection, HttpRequest request) {
        target = connection;
        if (connection.isRelayed()) {
            request.headers().set(TargetRequest.RELAYED, "true");
        } else {
            request.headers().remove(TargetRequest.RELAYED);
        }
        connection.begin(this, request);
        if (target == connection) { // Else it has ended already.
            replay.sendTo(connection);
        }
        if (target == connection) {
            onVisitorWritable(visitor.isWritable());
            onTargetWritable();
        }
    }

    private void watchTarget() {
        if (timeout != null) {
            TargetConnection slow = state == State.UNANSWERED ? target : null;
            boolean itsTurn = head.expectsContinue() && !continued && !bodyBegun;
            timeout.waiting(slow != null && (requestEnded || itsTurn || !slow.isWritable()));
        }
    }

    @Override
    public void onTargetWritable() {
        if (target != null && target.isWritable()) {
            visitor.resumeRequest();
        }
        targetGoesOn();
    }

    private void targetGoesOn() {
        if (timeout != null) {
            timeout.again();
        }
        watchTarget();
    }

    // The answer.

    @Override
    public void onInterim(HttpResponse response) {
        boolean isContinue = response.status().equals(HttpResponseStatus.CONTINUE);
        if (isContinue && (!head.expectsContinue() || continued)) {
            return; // Nobody waits for it.
        }
        continued |= isContinue;
        targetGoesOn();
        visitor.sendInterim(TargetResponse.of(response));
    }

    @Override
    public void onSwitch(HttpResponse response) {
        TargetConnection switching = target;
        String protocol = response.headers().get(HttpHeaderNames.UPGRADE);
        if (switching == null) {
            return;
        } else if (protocol == null || !head.asksFor(response.headers()) || !requestEnded) {
            garbageFrom(switching, "a change of protocol (101) that was not asked for");
            return;
        }
        HttpResponse passed = TargetResponse.of(response);
        passed.headers()
                .set(HttpHeaderNames.UPGRADE, protocol)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderNames.UPGRADE);
        state = State.OVER;
        watchTarget();
        replay.drop();
        ExchangeRecord raw = record;
        if (raw != null) {
            raw.answered(response.status().code());
            raw.report(switching); // Now: a relay passes nothing on of a stream that has ended.
        }
        visitor.becomeRaw(passed, switching, (bytesIn, bytesOut) -> {
            if (raw != null) {
                raw.requestBytes(bytesIn);
                raw.responseBytes(bytesOut);
                raw.end(null);
            }
        });
    }

    @Override
    public void onHead(HttpResponse response) {
        List<String> encodings = response.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        TargetConnection answering = target;
        if (answering == null) {
            return;
        } else if (!encodings.isEmpty()
                && (encodings.size() > 1 || !encodings.get(0).equalsIgnoreCase("chunked"))) {
            // To take it away would change the body, and to pass it on is not ours.
            garbageFrom(answering, "a body in a transfer coding that was not asked for");
            return;
        }
        replay.drop();
        state = State.ANSWERING;
        watchTarget();
        if (record != null) {
            record.answered(response.status().code());
        }
        if (!requestEnded && head.expectsContinue() && !continued) {
            visitor.closeAfterwards(); // Nobody knows whether the body will come.
        }
        HttpResponse passed = TargetResponse.of(response);
        if (through != null) {
            through.host().mapBack(passed.headers());
        }
        visitor.sendHead(passed);
    }

    @Override
    public void onContent(HttpContent content) {
        if (record != null) {
            record.responseBytes(content.content().readableBytes());
        }
        if (!(content instanceof LastHttpContent last)) {
            visitor.send(content);
            return;
        }
        state = State.ANSWERED;
        visitor.send(TargetResponse.end(last));
        if (requestEnded || !head.hasBody() || (!continued && head.expectsContinue())) {
            endAnswered();
        } else {
            // A target may answer before it has read everything. What is left goes on to it.
            rest.in(ingress.options().deadlines().idle());
        }
    }

    @Override
    public void onLost(StreamReset reset) {
        TargetConnection lost = target;
        target = null;
        watchTarget();
        if (state == State.OVER || lost == null || attempts == null || through == null) {
            return;
        } else if (state == State.ANSWERED) {
            visitor.closeAfterwards();
            finish(lost);
            visitor.exchangeEnded();
        } else if (state == State.ANSWERING) {
            finish(lost);
            visitor.cut();
        } else if (attempts.mayRetry(head.method(), lost, replay, reset)) {
            visitor.stopRequest();
            LOGGER.atDebug()
                    .addKeyValue("tunnel", lost.tunnel().key())
                    .addKeyValue("reason", reset.reason().label())
                    .log("request not answered; trying again");
            attempt(attempts, through.request());
        } else {
            if (!Attempts.isRefusal(reset)) {
                target = lost; // Its agent is told what came of the request; one that has refused it knows.
            }
            answer(attempts.finalReply());
        }
    }

    @Override
    public void onGarbage(String found) {
        TargetConnection confused = target;
        if (confused != null) {
            garbageFrom(confused, found);
        }
    }

    @Override
    public void onNoRoom() {
        TargetConnection large = target;
        if (large != null) {
            giveUp(
                    large,
                    "no memory for the answer's head",
                    Reply.of(CloseReason.OVERLOADED, "the answer has a large head"));
        }
    }

    private void garbageFrom(TargetConnection confused, String found) {
        giveUp(confused, found, Reply.badAnswer(found));
    }

    private void giveUp(TargetConnection answering, String why, Reply reply) {
        if (state != State.UNANSWERED) {
            target = null;
            finish(answering); // Reports, which must go before the end.
            answering.end(CloseReason.CANCELLED, why);
            visitor.cut();
        } else {
            answer(reply);
        }
    }

    // An answer of the edge's own.

    private void answer(Reply reply) {
        answer(new SignIn.Answer(reply));
    }

    private void answer(SignIn.Answer answer) {
        Reply reply = answer.reply();
        FullHttpResponse page = Pages.of(reply, head.headers().get(HttpHeaderNames.ACCEPT), allocator);
        page.headers().set(HttpHeaderNames.SET_COOKIE, answer.cookies());
        if (record != null) {
            record.answered(reply, page);
        } else {
            ExchangeRecord.refused(ingress, head, visitor.connection(), asked, reply, page);
        }
        visitor.sendReply(page);
        end(CloseReason.CANCELLED, reply.title());
        visitor.exchangeEnded();
    }

    private void serve(FullHttpResponse page) {
        ingress.traffic().answered(page.status().code());
        visitor.sendReply(page);
        finish(null);
        visitor.exchangeEnded();
    }

    private void becomeLane(LaneUpgrade upgrade) {
        ingress.traffic().answered(HttpResponseStatus.SWITCHING_PROTOCOLS.code());
        finish(null);
        visitor.becomeLane(upgrade);
    }

    // The end.

    private void endAnswered() {
        TargetConnection used = target;
        target = null;
        if (used == null || through == null) {
            return;
        }
        if (!requestEnded && !head.hasBody()) {
            // The decoder gives the end of an empty body right behind the head; a quick answer may come between.
            used.send(new DefaultLastHttpContent());
        }
        finish(used);
        if (used.isReusable() && !through.tunnel().takesOneRequestAStream()) {
            visitor.connection().pinned().put(used);
        } else {
            used.retire(ingress.options().deadlines().linger());
        }
        visitor.exchangeEnded();
    }

    private void restOfRequestIsLate() {
        visitor.closeAfterwards();
        requestEnded = true;
        endAnswered();
    }

    private void end(CloseReason reason, String detail) {
        TargetConnection cancelled = target;
        target = null;
        if (cancelled != null) {
            finish(cancelled);
            cancelled.end(reason, detail);
        } else {
            finish(null);
        }
    }

    private void finish(@Nullable TargetConnection reportTo) {
        state = State.OVER;
        watchTarget();
        rest.cancel();
        replay.drop();
        if (record != null) {
            record.end(reportTo);
        }
    }

    /** Goes on with the future's value on the event loop, unless the visitor left meanwhile. */
    private <T> void onLoop(Future<T> future, Consumer<T> next) {
        Outcomes.on(loop, future, (value, failure) -> goOn(value, failure, next));
    }

    private <T> void goOn(@Nullable T value, @Nullable Throwable failure, Consumer<T> next) {
        if (state == State.OVER) {
            if (value instanceof TunnelStream late) {
                late.reset(CloseReason.CANCELLED, "the visitor left");
            }
        } else if (value != null) {
            next.accept(value);
        } else if (failure instanceof RefusedException refused) {
            answer(refused.reply());
        } else if (failure instanceof RegistryBusyException) {
            answer(Reply.registryBusy());
        } else {
            LOGGER.atError()
                    .setCause(failure)
                    .addKeyValue("host", head.authority())
                    .log("request failed; answered 500");
            answer(Reply.internal());
        }
    }
}
