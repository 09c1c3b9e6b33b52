package dev.culvert.edge.ingress;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.admission.Person;
import dev.culvert.edge.registry.Tunnel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AsciiString;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Lets in those visitors by HTTP whom their tunnel lets in. Safe for use by any thread. */
final class Gate {
    /** Tells the target who has come in. */
    static final AsciiString USER = AsciiString.cached("culvert-user");

    private static final String SCHEME = "Basic ";

    private final Predicate<InetAddress> trustedProxies;
    private final SignIn signIn;
    private final WrongPasswords wrong = new WrongPasswords();

    /**
     * A gate.
     *
     * @param trustedProxies stand for many visitors: they are not shut out for one's wrong passwords
     */
    Gate(Predicate<InetAddress> trustedProxies, SignIn signIn) {
        this.trustedProxies = trustedProxies;
        this.signIn = signIn;
    }

    /** What becomes of a visitor. */
    sealed interface Decision {}

    /**
     * It comes in.
     *
     * @param forTarget takes out of what the target is to see what was meant for us, and says who it is
     */
    record In(Consumer<HttpHeaders> forTarget) implements Decision {
        /** As it is. */
        static final In FREELY = new In(headers -> {});
    }

    /** It does not, and this is what it is answered. */
    record Out(Future<SignIn.Answer> answer) implements Decision {
        Out(Reply reply) {
            this(Future.succeededFuture(new SignIn.Answer(reply)));
        }
    }

    /**
     * Whether the visitor may come in.
     *
     * @param visitor where it comes from
     */
    Decision decide(Tunnel tunnel, InetAddress visitor, SignIn.Question question) {
        Admission admission = tunnel.policy().admission();
        if (tunnel.policy().restrictsBeyondUs()) {
            return new Out(Reply.edgeTooOld(question.host()));
        }
        if (!admission.letsIn(visitor)) {
            return new Out(Reply.notAdmitted(question.host(), visitor));
        }
        if (admission.asksForSignIn() && signIn.isOwnPath(question.target())) {
            return new Out(signIn.answer(question));
        }
        if (admission.preflights() && isPreflight(question)) {
            return In.FREELY;
        }
        if (admission.asksForSignIn()) {
            return bySignIn(tunnel, visitor, question);
        }
        return admission.asksForPassword() ? byPassword(tunnel, visitor, question) : In.FREELY;
    }

    /** What a browser asks before a request to another site, with nothing that says who it is (Fetch, CORS-preflight request). */
    private static boolean isPreflight(SignIn.Question question) {
        HttpHeaders headers = question.headers();
        return question.method().equals(HttpMethod.OPTIONS)
                && reachesTarget(headers, HttpHeaderNames.ORIGIN)
                && reachesTarget(headers, HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD)
                && !headers.contains(HttpHeaderNames.AUTHORIZATION)
                && !headers.contains(HttpHeaderNames.COOKIE)
                && !headers.contains(HttpHeaderNames.UPGRADE)
                && !headers.contains(HttpHeaderNames.CONTENT_LENGTH)
                && !headers.contains(HttpHeaderNames.TRANSFER_ENCODING);
    }

    /** Whether the target sees the field, and something in it: what {@code Connection} names is not passed on. */
    private static boolean reachesTarget(HttpHeaders headers, AsciiString name) {
        List<String> values = headers.getAll(name);
        return !values.isEmpty()
                && values.stream().noneMatch(String::isBlank)
                && !HeaderRules.tokens(headers, HttpHeaderNames.CONNECTION).contains(name.toString());
    }

    private Decision bySignIn(Tunnel tunnel, InetAddress visitor, SignIn.Question question) {
        Admission admission = tunnel.policy().admission();
        Person who = signIn.visitor(question);
        if (who != null && admission.people().test(who)) {
            return new In(headers -> tellUser(headers, who.name()));
        }
        if (admission.asksForPassword() && credentials(question.headers()) != null) {
            return byPassword(tunnel, visitor, question);
        }
        return who == null
                ? new Out(signIn.answer(question))
                : new Out(Reply.notOneOfThem(question.host(), who.name(), SignIn.PATH));
    }

    private Decision byPassword(Tunnel tunnel, InetAddress visitor, SignIn.Question question) {
        String credentials = credentials(question.headers());
        if (credentials == null) {
            return new Out(Reply.passwordRequired(question.host()));
        }
        Reply refusal = passwordRefusal(tunnel, visitor, question.host(), credentials);
        return refusal == null ? new In(headers -> hidePassword(headers, credentials)) : new Out(refusal);
    }

    private @Nullable Reply passwordRefusal(Tunnel tunnel, InetAddress visitor, String host, String credentials) {
        // Before the password is looked at: whoever tries all of them must not learn which one is right.
        long waitSeconds = wrong.waitSeconds(tunnel.key(), visitor);
        if (waitSeconds > 0) {
            return Reply.tooManyPasswords(waitSeconds);
        }
        Password password = Password.of(credentials);
        if (tunnel.policy().admission().passwords().contains(password)) {
            return null;
        }
        if (!trustedProxies.test(visitor)) {
            wrong.add(tunnel.key(), visitor, password);
        }
        return Reply.passwordWrong(host);
    }

    /** Keeps the password of a visitor that was let in from the target, which learns the name instead. */
    private static void hidePassword(HttpHeaders targets, String credentials) {
        targets.remove(HttpHeaderNames.AUTHORIZATION);
        tellUser(targets, credentials.substring(0, Math.max(0, credentials.indexOf(':'))));
    }

    /** Where the name can stand in a field as it is. */
    private static void tellUser(HttpHeaders targets, String name) {
        if (!name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            targets.set(USER, name);
        }
    }

    /** {@code name:password} (RFC 7617); null where there is none, or more than one, or what is there makes no sense. */
    private static @Nullable String credentials(HttpHeaders visitors) {
        List<String> fields = visitors.getAll(HttpHeaderNames.AUTHORIZATION);
        if (fields.size() != 1 || !fields.get(0).regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        try {
            byte[] bytes = Base64.getDecoder()
                    .decode(fields.get(0).substring(SCHEME.length()).strip());
            // Bytes that are no UTF-8 must not all become the one character that stands for them.
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (IllegalArgumentException | CharacterCodingException e) {
            return null;
        }
    }
}
