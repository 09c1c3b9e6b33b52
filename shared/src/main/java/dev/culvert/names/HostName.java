package dev.culvert.names;

import java.util.Locale;
import java.util.Optional;

/**
 * Host names as tunnels have them: lower case, labels of letters, digits and hyphens (RFC 1123 section 2.1), no trailing
 * dot, no port.
 */
public final class HostName {
    /** RFC 1035 section 2.3.4. */
    private static final int MAX_LABEL_CHARS = 63;

    /** The longest that DNS has, in characters. */
    public static final int MAX_CHARS = 253;

    private HostName() {}

    /** Whether this is one label: 1 to 63 of a–z, 0–9 and hyphen, no hyphen at either end. */
    public static boolean isLabel(String text) {
        int length = text.length();
        if (length == 0 || length > MAX_LABEL_CHARS || text.charAt(0) == '-' || text.charAt(length - 1) == '-') {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
                return false;
            }
        }
        return true;
    }

    /** Whether this is one label or several with dots between them, in the normal form. */
    public static boolean isHost(String text) {
        if (text.isEmpty() || text.length() > MAX_CHARS) {
            return false;
        }
        int start = 0;
        for (int dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', start)) {
            if (!isLabel(text.substring(start, dot))) {
                return false;
            }
            start = dot + 1;
        }
        return isLabel(text.substring(start));
    }

    /** The normal form of a host name as somebody typed it: lower case, without one trailing dot; empty if it is none. */
    public static Optional<String> normalise(String host) {
        if (isHost(host)) {
            return Optional.of(host);
        } else if (!host.chars().allMatch(c -> c < 0x80)) {
            return Optional.empty(); // Some letters beyond ASCII have one of ASCII as their lower case.
        }
        String lower = host.toLowerCase(Locale.ROOT);
        String normal = lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
        return isHost(normal) ? Optional.of(normal) : Optional.empty();
    }

    /** What stands before {@code .domain} in a host that is exactly one label under it; both in the normal form. */
    public static Optional<String> labelUnder(String host, String domain) {
        int labelLength = host.length() - domain.length() - 1;
        if (labelLength <= 0 || !host.endsWith(domain) || host.charAt(labelLength) != '.') {
            return Optional.empty();
        }
        String label = host.substring(0, labelLength);
        return isLabel(label) ? Optional.of(label) : Optional.empty();
    }
}
