package dev.culvert.admission;

import java.util.Set;

/**
 * Somebody whom an identity provider knows.
 *
 * @param name who it is, as the provider says it
 * @param groups which it belongs to, as far as anybody asked; capitals count
 */
public record Person(String name, Set<String> groups) {
    public Person {
        groups = Set.copyOf(groups);
    }

    /** One of no group. */
    public Person(String name) {
        this(name, Set.of());
    }
}
