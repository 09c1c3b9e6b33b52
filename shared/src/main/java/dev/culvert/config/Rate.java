package dev.culvert.config;

import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How often something may happen, as people write it: {@code 50/s}, {@code 600/m}, {@code 10000/h}.
 *
 * @param count how often in the period, 1 to 999,999,999; also how often at once after a pause of a whole period
 * @param period 1 s, 1 min or 1 h
 */
public record Rate(int count, Duration period) {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,9})/([smh])");
    private static final int MOST = 999_999_999;
    private static final List<Duration> PERIODS =
            List.of(Duration.ofSeconds(1), Duration.ofMinutes(1), Duration.ofHours(1));

    public Rate {
        if (count < 1 || count > MOST) {
            throw new ConfigException("a rate must be 1 to %d, was %d".formatted(MOST, count));
        }
        if (!PERIODS.contains(period)) {
            throw new ConfigException("a rate's period must be 1 s, 1 min or 1 h, was " + period);
        }
    }

    /**
     * Reads one.
     *
     * @throws ConfigException when it is none
     */
    public static Rate parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        if (!matcher.matches()) {
            throw new ConfigException(
                    "%s is not a rate: write a number and /s, /m or /h, like 600/m, or off".formatted(text));
        }
        Duration period = Durations.parse("1" + matcher.group(2));
        return new Rate(Integer.parseInt(matcher.group(1)), period);
    }

    /** The same where {@code off} is an answer, too, which YAML calls {@code false}: null then. */
    public static @Nullable Rate parseOrOff(String text) {
        return text.equals("off") || text.equals("false") ? null : parse(text);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return count + "/" + Durations.format(period).substring(1);
    }
}
