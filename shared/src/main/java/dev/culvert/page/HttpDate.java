package dev.culvert.page;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Points in time as HTTP writes them. */
public final class HttpDate {
    /** Two digits for the day, unlike the one that Java has. */
    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private HttpDate() {}

    /** An IMF-fixdate (RFC 9110, 5.6.7), to the second below. */
    public static String of(Instant time) {
        return FORMAT.format(time);
    }
}
