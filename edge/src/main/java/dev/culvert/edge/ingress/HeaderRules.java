package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Which fields do not pass, in which direction. */
final class HeaderRules {
    /** Of one connection only (RFC 9110, 7.6.1), framing included: it is written anew on the other side. */
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings");

    private static final String OURS = "culvert-";

    private HeaderRules() {}

    /**
     * Copies the fields of a visitor that a target may see. Host is not among them: it is set by the tunnel's policy.
     *
     * @param trusted whether the peer may say for whom it forwards
     */
    static void copyFromVisitor(HttpHeaders from, HttpHeaders to, boolean trusted) {
        Set<String> nominated = nominated(from);
        // As the decoder made them: what becomes a String here is encoded again character by character.
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
        while (fields.hasNext()) {
            Map.Entry<CharSequence, CharSequence> field = fields.next();
            String name = field.getKey().toString();
            String canonical = canonical(name);
            boolean dropped = canonical.equals("host")
                    || isOfThisHop(canonical, nominated)
                    || canonical.startsWith(OURS)
                    || (isForwarding(canonical) && !(trusted && isSpelled(name, canonical)));
            if (!dropped) {
                to.add(field.getKey(), field.getValue());
            }
        }
    }

    /** Takes away the fields of a target that visitors may not see. */
    static void strip(HttpHeaders ofTarget) {
        Set<String> nominated = nominated(ofTarget);
        List<CharSequence> hidden = new ArrayList<>();
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = ofTarget.iteratorCharSequence();
        while (fields.hasNext()) {
            CharSequence name = fields.next().getKey();
            String canonical = canonical(name.toString());
            if (isOfThisHop(canonical, nominated) || canonical.startsWith(OURS)) {
                hidden.add(name);
            }
        }
        hidden.forEach(ofTarget::remove);
    }

    /** The names in the fields called this, comma-separated lists taken apart, in lower case. */
    static Set<String> tokens(HttpHeaders headers, CharSequence name) {
        List<String> values = headers.getAll(name);
        if (values.isEmpty()) {
            return Set.of();
        }
        Set<String> tokens = new HashSet<>();
        for (String value : values) {
            for (String token : value.split(",")) {
                tokens.add(token.trim().toLowerCase(Locale.ROOT));
            }
        }
        return tokens;
    }

    /** Content-Length frames the body: a visitor that could have it dropped could have its body read as a request. */
    private static boolean isOfThisHop(String name, Set<String> nominated) {
        return HOP_BY_HOP.contains(name) || (nominated.contains(name) && !name.equals("content-length"));
    }

    private static Set<String> nominated(HttpHeaders headers) {
        return tokens(headers, HttpHeaderNames.CONNECTION);
    }

    private static boolean isForwarding(String name) {
        return name.startsWith("x-forwarded-") || name.equals("forwarded") || name.equals("x-real-ip");
    }

    /** Only the true spelling of a trusted proxy's field passes: the one with {@code _} may be a visitor's. */
    private static boolean isSpelled(String name, String canonical) {
        return name.equalsIgnoreCase(canonical);
    }

    /** Many servers hand {@code X_Forwarded_For} and {@code X-Forwarded-For} to their programs as one. */
    private static String canonical(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
