package dev.culvert.edge.ingress;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.edge.registry.Tunnel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Lets in those visitors by HTTP whom their tunnel lets in (RFC 7617). Safe for use by any thread. */
final class Gate {
    /** Tells the target which of the names has come in. */
    static final AsciiString USER = AsciiString.cached("culvert-user");

    private static final String SCHEME = "Basic ";

    private final Predicate<InetAddress> trustedProxies;
    private final WrongPasswords wrong = new WrongPasswords();

    /**
     * A gate.
     *
     * @param trustedProxies stand for many visitors: they are not shut out for one's wrong passwords
     */
    Gate(Predicate<InetAddress> trustedProxies) {
        this.trustedProxies = trustedProxies;
    }

    /**
     * Why the visitor may not come in; null when it may.
     *
     * @param host as the visitor has it
     * @param credentials the visitor's; looked at where the tunnel asks for a password
     */
    @Nullable
    Reply refusal(Tunnel tunnel, InetAddress visitor, String host, @Nullable String credentials) {
        Admission admission = tunnel.policy().admission();
        if (!admission.letsIn(visitor)) {
            return Reply.notAdmitted(host, visitor);
        } else if (!admission.asksForPassword()) {
            return null;
        }
        if (credentials == null) {
            return Reply.passwordRequired(host);
        }
        // Before the password is looked at: whoever tries all of them must not learn which one is right.
        long waitSeconds = wrong.waitSeconds(tunnel.key(), visitor);
        if (waitSeconds > 0) {
            return Reply.tooManyPasswords(waitSeconds);
        }
        Password password = Password.of(credentials);
        if (admission.passwords().contains(password)) {
            return null;
        }
        if (!trustedProxies.test(visitor)) {
            wrong.add(tunnel.key(), visitor, password);
        }
        return Reply.passwordWrong(host);
    }

    /** Keeps the password of a visitor that was let in from the target, which learns the name instead. */
    static void hidePassword(HttpHeaders targets, String credentials) {
        targets.remove(HttpHeaderNames.AUTHORIZATION);
        String name = credentials.substring(0, Math.max(0, credentials.indexOf(':')));
        if (!name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            targets.set(USER, name);
        }
    }

    /** {@code name:password}; null where there is none, or more than one, or what is there makes no sense. */
    static @Nullable String credentials(HttpHeaders visitors) {
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
