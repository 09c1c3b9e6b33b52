package dev.culvert.agent.folder;

import dev.culvert.page.HttpDate;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * On what a visitor wants a file that he has had before, or a part of it (RFC 9110, 13 and 14). A date is a name for a file's
 * content here and not a time: replaced by an older file it is another one.
 *
 * @param date of the last change, as it is sent; empty where the next change may have the same date
 */
record Conditions(Optional<String> date) {
    /** Dates count whole seconds, and a file's time may lag a little. */
    private static final Duration SETTLED = Duration.ofSeconds(2);

    static Conditions of(Instant changed, Instant now) {
        return new Conditions(
                Duration.between(changed, now).compareTo(SETTLED) < 0
                        ? Optional.empty()
                        : Optional.of(HttpDate.of(changed)));
    }

    /** Whether the visitor has it as it is. */
    boolean isKnown(HttpServerRequest request) {
        return isDate(request.getHeader(HttpHeaderNames.IF_MODIFIED_SINCE));
    }

    /** Takes the wish for a part away where the whole is to be sent: of a file that is not the one that he has a part of. */
    void settleRange(HttpServerRequest request) {
        MultiMap fields = request.headers();
        String wanted = fields.get(HttpHeaderNames.IF_RANGE);
        if ((wanted != null && !isDate(wanted)) || request.method().equals(HttpMethod.HEAD)) {
            fields.remove(HttpHeaderNames.RANGE);
        }
    }

    private boolean isDate(@Nullable String text) {
        return date.filter(known -> known.equals(text)).isPresent();
    }
}
