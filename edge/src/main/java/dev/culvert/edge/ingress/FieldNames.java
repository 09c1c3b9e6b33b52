package dev.culvert.edge.ingress;

import java.util.Arrays;
import java.util.Locale;

/**
 * Names of header fields, however they are spelled: in either case, and with {@code _} for {@code -}, since many servers
 * hand {@code X_Forwarded_For} and {@code X-Forwarded-For} to their programs as one. Each request's and each answer's
 * fields are looked up here, so nothing is made of a name: its length tells it from most others.
 */
final class FieldNames {
    private final String[][] byLength;

    private FieldNames(String[][] byLength) {
        this.byLength = byLength;
    }

    /** These names, which are canonical: in lower case and with hyphens. */
    static FieldNames of(String... names) {
        int longest = Arrays.stream(names).mapToInt(String::length).max().orElse(0);
        String[][] byLength = new String[longest + 1][];
        Arrays.setAll(byLength, length -> Arrays.stream(names)
                .filter(name -> name.length() == length)
                .toArray(String[]::new));
        return new FieldNames(byLength);
    }

    boolean contains(CharSequence name) {
        int length = name.length();
        if (length >= byLength.length) {
            return false;
        }
        for (String known : byLength[length]) {
            if (startsWith(name, known)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a name begins with this prefix, which is canonical. */
    static boolean startsWith(CharSequence name, String prefix) {
        int length = prefix.length();
        if (name.length() < length) {
            return false;
        }
        for (int at = 0; at < length; at++) {
            if (canonical(name.charAt(at)) != prefix.charAt(at)) {
                return false;
            }
        }
        return true;
    }

    /** The name in its canonical spelling. */
    static String canonical(CharSequence name) {
        return name.toString().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static char canonical(char c) {
        if (c >= 'A' && c <= 'Z') {
            return (char) (c + ('a' - 'A'));
        }
        return c == '_' ? '-' : c;
    }
}
