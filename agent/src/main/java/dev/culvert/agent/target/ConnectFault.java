package dev.culvert.agent.target;

import java.net.ConnectException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Why a connection did not come about. */
public final class ConnectFault {
    private ConnectFault() {}

    /**
     * What happened, in a few words.
     *
     * @param timeout how long it was waited for
     */
    public static String inWords(Throwable failure, Duration timeout) {
        if (isRefusal(failure)) {
            return "connection refused";
        }
        if (isConnectException(failure, "timed out")) {
            return "no answer within %d s".formatted(timeout.toSeconds());
        }
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }

    /** Whether nobody listens there. */
    public static boolean isRefusal(Throwable failure) {
        return isConnectException(failure, "refused");
    }

    /** The outermost of this type: the failure itself, or what caused it. */
    public static <T extends Throwable> Optional<T> cause(Throwable failure, Class<T> type) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst();
    }

    /** Java has no type for either. */
    private static boolean isConnectException(Throwable failure, String word) {
        return failure instanceof ConnectException
                && String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains(word);
    }
}
