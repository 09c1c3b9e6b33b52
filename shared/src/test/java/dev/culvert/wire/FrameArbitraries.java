package dev.culvert.wire;

import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Frames of all types, with anything in them that their sender may put there. */
final class FrameArbitraries {
    /** Whole characters of all lengths in UTF-8; half a pair is no text, and becomes a question mark. */
    private static final Arbitrary<String> TEXT = Arbitraries.oneOf(
                    Arbitraries.integers().between(0, 0x7f),
                    Arbitraries.integers().between(0x80, 0x7ff),
                    Arbitraries.integers().between(0xe000, 0xffff),
                    Arbitraries.integers().between(0x10000, 0x10ffff))
            .list()
            .ofMaxSize(120)
            .map(characters -> {
                StringBuilder text = new StringBuilder();
                characters.forEach(text::appendCodePoint);
                return text.toString();
            });

    /** What is kept and shown. */
    private static final Arbitrary<String> SHOWN = TEXT.map(text -> text.codePoints()
            .filter(c -> !Character.isISOControl(c))
            .limit(50)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString());

    private static final Arbitrary<String> WORD =
            Arbitraries.strings().withCharRange('!', '~').ofMinLength(1).ofMaxLength(Hello.MOST_INSTANCE_CHARS);

    private static final Arbitrary<String> SOME_TEXT = TEXT.filter(text -> !text.isEmpty());
    private static final Arbitrary<Integer> ID = Arbitraries.integers().between(1, Integer.MAX_VALUE);
    private static final Arbitrary<Integer> POSITIVE = Arbitraries.integers().between(1, Integer.MAX_VALUE);
    private static final Arbitrary<Long> COUNT = Arbitraries.longs().between(0, Long.MAX_VALUE);
    private static final Arbitrary<CloseReason> REASON = Arbitraries.of(CloseReason.class);

    private FrameArbitraries() {}

    static Arbitrary<Frame> frames() {
        return Arbitraries.oneOf(List.of(
                hellos(),
                Combinators.combine(POSITIVE, TEXT, TEXT, POSITIVE, POSITIVE, POSITIVE)
                        .as((version, node, lane, nodes, window, ping) ->
                                new Frame.WelcomeFrame(new Welcome(version, node, lane, nodes, window, ping))),
                binds(),
                bounds(),
                Combinators.combine(POSITIVE, REASON, TEXT)
                        .as((id, reason, message) -> new Frame.UnbindFrame(new Unbind(id, reason, message))),
                opens(),
                Combinators.combine(
                                ID,
                                Arbitraries.bytes()
                                        .array(byte[].class)
                                        .ofMinSize(1)
                                        .ofMaxSize(3000))
                        .as((id, bytes) -> new Frame.Data(id, Unpooled.wrappedBuffer(bytes))),
                Combinators.combine(ID, COUNT).as(Frame.Fin::new),
                Combinators.combine(ID, REASON, COUNT, TEXT).as(Frame.Reset::new),
                Combinators.combine(Arbitraries.integers().between(0, Integer.MAX_VALUE), POSITIVE)
                        .as(Frame.Credit::new),
                Combinators.combine(ID, exchanges()).as(Frame.Event::new),
                Arbitraries.longs().map(Frame.Ping::new),
                Arbitraries.longs().map(Frame.Pong::new),
                goAways()));
    }

    private static Arbitrary<Frame> hellos() {
        return Combinators.combine(
                        POSITIVE.list().ofMaxSize(3).map(FrameArbitraries::withOurs),
                        WORD,
                        WORD,
                        TEXT.list().ofMaxSize(3),
                        TEXT.injectNull(0.3),
                        TEXT.injectNull(0.3),
                        POSITIVE,
                        Arbitraries.of(true, false))
                .as((versions, software, instance, lanes, token, secret, window, events) -> new Frame.HelloFrame(
                        new Hello(versions, software, instance, lanes, token, secret, window, events)));
    }

    private static List<Integer> withOurs(List<Integer> versions) {
        return Stream.concat(versions.stream(), Stream.of(Hello.VERSION)).toList();
    }

    private static Arbitrary<Frame> binds() {
        Arbitrary<List<String>> texts = TEXT.list().ofMaxSize(3);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        Arbitrary<Bind.Visitors> visitors =
                Combinators.combine(texts, texts, texts, flag).as(Bind.Visitors::new);
        Arbitrary<String> rate = Arbitraries.of("5/s", "600/m", "x").injectNull(0.5);
        return Combinators.combine(visitors, flag, Arbitraries.integers().greaterOrEqual(0), rate)
                .flatAs((whom, changes, timeout, most) -> Combinators.combine(
                                POSITIVE,
                                TEXT,
                                SHOWN.injectNull(0.3),
                                Arbitraries.integers().between(0, 65535),
                                TEXT.injectNull(0.3),
                                flag,
                                WORD,
                                SHOWN)
                        .as((id, kind, name, port, ticket, pool, hostHeader, target) -> new Frame.BindFrame(new Bind(
                                id,
                                kind,
                                name,
                                port,
                                ticket,
                                pool,
                                hostHeader,
                                target,
                                timeout,
                                most,
                                whom,
                                changes))));
    }

    private static Arbitrary<Frame> bounds() {
        Arbitrary<String> name = Arbitraries.strings()
                .withChars('.', '-')
                .numeric()
                .alpha()
                .ofMinLength(1)
                .ofMaxLength(253);
        Arbitrary<String> url = Combinators.combine(
                        Arbitraries.of("http", "https", "tcp"),
                        Arbitraries.of("shop.example.com", "127.0.0.1", "[::1]"),
                        Arbitraries.integers().between(1, 65535))
                .as("%s://%s:%d"::formatted);
        Arbitrary<Bound> granted =
                Combinators.combine(POSITIVE, TEXT, name, url, TEXT).as(Bound::granted);
        Arbitrary<Bound> refused = Combinators.combine(POSITIVE, Arbitraries.of(Bound.Code.class), TEXT)
                .as(Bound::refused);
        return Arbitraries.oneOf(granted, refused).map(Frame.BoundFrame::new);
    }

    private static Arbitrary<Frame> opens() {
        return Combinators.combine(
                        ID,
                        SOME_TEXT,
                        Arbitraries.of(StreamRequest.Kind.class),
                        TEXT.list().ofSize(2),
                        Arbitraries.integers().between(0, 255),
                        Arbitraries.longs(),
                        POSITIVE,
                        POSITIVE)
                .as((id, tunnel, kind, addresses, attempt, traceId, receive, send) -> new Frame.Open(
                        id,
                        new StreamRequest(tunnel, kind, addresses.get(0), addresses.get(1), attempt, traceId),
                        receive,
                        send));
    }

    private static Arbitrary<Exchange> exchanges() {
        return Combinators.combine(
                        TEXT.list().ofSize(4),
                        Arbitraries.integers().between(0, 65535),
                        COUNT.list().ofSize(5))
                .as((texts, status, counts) -> new Exchange(
                        texts.get(0),
                        texts.get(1),
                        texts.get(2),
                        texts.get(3),
                        status,
                        counts.get(0),
                        counts.get(1),
                        counts.get(2),
                        counts.get(3),
                        counts.get(4)));
    }

    private static Arbitrary<Frame> goAways() {
        return Combinators.combine(
                        REASON,
                        Arbitraries.integers().between(0, Integer.MAX_VALUE),
                        Combinators.combine(ID, COUNT)
                                .as(Frame.GoAway.Delivered::new)
                                .list()
                                .ofMaxSize(40),
                        TEXT)
                .as(Frame.GoAway::new);
    }
}
