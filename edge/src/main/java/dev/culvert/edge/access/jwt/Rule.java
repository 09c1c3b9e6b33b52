package dev.culvert.edge.access.jwt;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.TokenLine;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.edge.access.Wildcard;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whom an issuer's tokens are for, and what those may have.
 *
 * @param claims patterns that a token's claims must all fit, by the claims' names; never empty, because a public issuer has
 *     tokens for everybody
 * @param owner whose names its agents get
 * @param names which names they may have
 */
record Rule(Map<String, String> claims, Template owner, List<Template> names) {
    /** What may stand in a name for a claim: neither a star nor a dot, which would reach beyond that one's own names. */
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    Rule {
        claims = Map.copyOf(claims);
        names = List.copyOf(names);
    }

    /** Whether a token with these claims is one of those meant. */
    boolean fits(Map<String, Object> found) {
        return claims.entrySet().stream().allMatch(wanted -> fits(wanted.getValue(), found.get(wanted.getKey())));
    }

    /** A list fits where one of its values does. */
    private static boolean fits(String pattern, @Nullable Object value) {
        if (value instanceof List<?> values) {
            return values.stream().anyMatch(one -> !(one instanceof List<?>) && fits(pattern, one));
        }
        return isText(value) && Wildcard.matches(pattern, String.valueOf(value));
    }

    /** The owner that these claims make; {@link UnauthorizedException} where they make none. */
    String ownerOf(Map<String, Object> found) {
        try {
            return TokenLine.requireOwner(owner.with(claim -> value(found, claim)));
        } catch (IllegalArgumentException e) {
            throw new UnauthorizedException("the token is genuine, but cannot say who its agent is: " + e.getMessage());
        }
    }

    /** The names that these claims allow; {@link UnauthorizedException} where what they insert is no part of a name. */
    NamePatterns namesOf(Map<String, Object> found) {
        try {
            return patterns(names, claim -> label(found, claim));
        } catch (IllegalArgumentException e) {
            throw new UnauthorizedException("the token is genuine, but makes no names: " + e.getMessage());
        }
    }

    /** The patterns that these make with claims' values in them; {@link IllegalArgumentException} where one is none. */
    @CanIgnoreReturnValue
    static NamePatterns patterns(List<Template> names, UnaryOperator<String> valueOf) {
        return new NamePatterns(
                names.stream().map(name -> name.with(valueOf)).toList(),
                names.stream().filter(Template::isPlain).map(Template::text).collect(Collectors.toSet()));
    }

    private static String label(Map<String, Object> found, String claim) {
        String value = value(found, claim);
        if (!LABEL.matcher(value).matches()) {
            throw new UnauthorizedException(
                    "the token is genuine, but its claim %s cannot stand in a name: wanted small letters, digits and hyphens between them"
                            .formatted(claim));
        }
        return value;
    }

    private static String value(Map<String, Object> found, String claim) {
        Object value = found.get(claim);
        // Of a number that is too long for 63 bits others look the same.
        if (!isText(value) || value instanceof Double || value instanceof Float) {
            throw new UnauthorizedException(
                    "the token is genuine, but has no claim %s with one value, and this edge makes its agent's owner or names of it"
                            .formatted(claim));
        }
        return String.valueOf(value);
    }

    private static boolean isText(@Nullable Object value) {
        return value instanceof String || value instanceof Number || value instanceof Boolean;
    }
}
