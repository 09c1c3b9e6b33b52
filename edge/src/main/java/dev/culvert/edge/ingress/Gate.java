package dev.culvert.edge.ingress;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.config.Rate;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Lets in those visitors by HTTP whom their tunnel lets in (RFC 7617). Safe for use by any thread. */
final class Gate {
    /** Wrong passwords from one address, at once and then in a minute: nobody mistypes that often. */
    static final Rate WRONG_PASSWORDS = new Rate(20, Duration.ofMinutes(1));

    /** Tells the target which of the names has come in. */
    static final AsciiString USER = AsciiString.cached("culvert-user");

    private static final String SCHEME = "Basic ";

    private final Predicate<InetAddress> trustedProxies;
    private final VisitorRates wrongPasswords = new VisitorRates(WRONG_PASSWORDS);

    /**
     * A gate.
     *
     * @param trustedProxies stand for many visitors: they are not shut out for one's wrong passwords
     */
    Gate(Predicate<InetAddress> trustedProxies) {
        this.trustedProxies = trustedProxies;
    }

    /** Why the visitor may not come in; null when it may. */
    @Nullable
    Reply refusal(Admission admission, InetAddress visitor, RequestHead head) {
        String host = head.authority().host();
        if (!admission.letsIn(visitor)) {
            return Reply.notAdmitted(host, visitor);
        } else if (!admission.asksForPassword()) {
            return null;
        }
        List<String> fields = head.headers().getAll(HttpHeaderNames.AUTHORIZATION);
        if (fields.size() != 1 || !isBasic(fields.get(0))) {
            return Reply.passwordRequired(host);
        }
        // Before the password is looked at: whoever tries all of them must not learn which one is right.
        long waitSeconds = wrongPasswords.waitSecondsUncounted(visitor);
        if (waitSeconds > 0) {
            return Reply.tooManyPasswords(waitSeconds);
        }
        String credentials = credentials(fields.get(0));
        if (credentials != null && admission.passwords().contains(Password.of(credentials))) {
            return null;
        }
        if (!trustedProxies.test(visitor)) {
            wrongPasswords.count(visitor);
        }
        return Reply.passwordWrong(host);
    }

    /** Keeps the password of a visitor that was let in from the target, which learns the name instead. */
    static void hidePassword(HttpHeaders request) {
        String credentials = credentials(request.get(HttpHeaderNames.AUTHORIZATION, ""));
        request.remove(HttpHeaderNames.AUTHORIZATION);
        String name = credentials == null ? "" : credentials.substring(0, Math.max(0, credentials.indexOf(':')));
        if (!name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            request.set(USER, name);
        }
    }

    private static boolean isBasic(String field) {
        return field.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    }

    /** {@code name:password}; null where the field makes no sense. */
    private static @Nullable String credentials(String field) {
        try {
            byte[] decoded =
                    Base64.getDecoder().decode(field.substring(SCHEME.length()).strip());
            return new String(decoded, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return null;
        }
    }
}
