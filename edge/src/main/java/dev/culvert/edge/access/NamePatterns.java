package dev.culvert.edge.access;

import java.util.List;

/**
 * Which names an identity may ask for: each pattern is a label or a whole host name in which {@code *} stands for any
 * run of characters but dots. {@code *} alone is any name under the edge's domain.
 */
public record NamePatterns(List<String> patterns) {
    /** Any name under the edge's domain. */
    public static final NamePatterns ANY = new NamePatterns(List.of("*"));

    public NamePatterns {
        patterns = List.copyOf(patterns);
    }
}
