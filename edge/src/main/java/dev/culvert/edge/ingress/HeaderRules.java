package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
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
    private static final FieldNames HOP_BY_HOP = FieldNames.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings");

    private static final FieldNames HOST = FieldNames.of("host");
    private static final FieldNames FORWARDING = FieldNames.of("forwarded", "x-real-ip");
    private static final String FORWARDING_PREFIX = "x-forwarded-";
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
            CharSequence name = field.getKey();
            boolean dropped = HOST.contains(name)
                    || isOfThisHop(name, nominated)
                    || FieldNames.startsWith(name, OURS)
                    || (isForwarding(name) && !(trusted && isSpelled(name)));
            if (!dropped) {
                to.add(name, field.getValue());
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
            if (isOfThisHop(name, nominated) || FieldNames.startsWith(name, OURS)) {
                hidden.add(name);
            }
        }
        hidden.forEach(ofTarget::remove);
    }

    /** The names in the fields called this, comma-separated lists taken apart, in lower case. */
    static Set<String> tokens(HttpHeaders headers, CharSequence name) {
        return tokens(headers.getAll(name));
    }

    /** What these comma-separated lists have, in lower case. */
    static Set<String> tokens(List<String> values) {
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
    private static boolean isOfThisHop(CharSequence name, Set<String> nominated) {
        return HOP_BY_HOP.contains(name)
                || (!nominated.isEmpty() && isNominated(FieldNames.canonical(name), nominated));
    }

    private static boolean isNominated(String name, Set<String> nominated) {
        return nominated.contains(name) && !name.equals("content-length");
    }

    /** What is said to be of this hop, without what always is. */
    private static Set<String> nominated(HttpHeaders headers) {
        Iterator<String> values = headers.valueStringIterator(HttpHeaderNames.CONNECTION);
        if (!values.hasNext()
                || (HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(values.next()) && !values.hasNext())) {
            return Set.of(); // As most say it.
        }
        return tokens(headers, HttpHeaderNames.CONNECTION);
    }

    private static boolean isForwarding(CharSequence name) {
        return FieldNames.startsWith(name, FORWARDING_PREFIX) || FORWARDING.contains(name);
    }

    /** Only the true spelling of a trusted proxy's field passes: the one with {@code _} may be a visitor's. */
    private static boolean isSpelled(CharSequence name) {
        return AsciiString.indexOf(name, '_', 0) < 0;
    }
}
