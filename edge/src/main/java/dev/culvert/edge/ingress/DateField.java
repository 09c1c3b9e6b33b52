package dev.culvert.edge.ingress;

import dev.culvert.page.HttpDate;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.time.Instant;

/**
 * When an answer was made: the edge says it of its own, and of a target's that does not say it, for caches count an
 * answer's age from there (RFC 9110, 6.6.1). Any thread.
 */
final class DateField {
    /** Put into words once a second. */
    private record Second(long number, AsciiString text) {}

    private static volatile Second latest = new Second(-1, AsciiString.EMPTY_STRING);

    private DateField() {}

    /** Adds the field where there is none. */
    static void complete(HttpHeaders headers) {
        if (!headers.contains(HttpHeaderNames.DATE)) {
            headers.set(HttpHeaderNames.DATE, now());
        }
    }

    private static AsciiString now() {
        long number = System.currentTimeMillis() / 1000;
        Second second = latest;
        if (second.number() != number) {
            second = new Second(number, AsciiString.of(HttpDate.of(Instant.ofEpochSecond(number))));
            latest = second;
        }
        return second.text();
    }
}
