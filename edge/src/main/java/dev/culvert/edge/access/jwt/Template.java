package dev.culvert.edge.access.jwt;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text of an operator's with claims in it: {@code {preferred_username}-*}.
 *
 * @param text as it is written
 */
record Template(String text) {
    private static final Pattern INSERTION = Pattern.compile("\\{([^{}]+)}");

    Template {
        String rest = INSERTION.matcher(text).replaceAll("");
        if (rest.contains("{") || rest.contains("}")) {
            throw new IllegalArgumentException(
                    "%s has a brace too many: a claim's value is inserted by {its name}".formatted(text));
        }
    }

    /** Whether no claim is inserted. */
    boolean isPlain() {
        return !INSERTION.matcher(text).find();
    }

    /** The text with each claim's value in its place; what the function throws is thrown. */
    String with(UnaryOperator<String> valueOf) {
        return INSERTION.matcher(text).replaceAll(found -> Matcher.quoteReplacement(valueOf.apply(found.group(1))));
    }

    @Override
    public String toString() {
        return text;
    }
}
