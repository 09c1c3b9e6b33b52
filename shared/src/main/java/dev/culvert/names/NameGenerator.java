package dev.culvert.names;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes up names for tunnels that did not ask for one: {@code swift-otter-7k2mq}.
 *
 * <p>A name is as good as a password where nothing else guards a tunnel, so it carries {@value #RANDOM_BITS} random
 * bits: 8 in the adjective, 8 in the noun and 5 in each of the five letters of the tail. Its words may be said on the
 * telephone; the tail's alphabet leaves out {@code i}, {@code l}, {@code o} (easily misread) and {@code u} (so that it
 * spells nothing).
 *
 * <p>Safe for use by any thread when its source is; {@link SecureRandom} is.
 */
public final class NameGenerator {
    /** What one name cannot be guessed by. */
    public static final int RANDOM_BITS = 41;

    private static final String TAIL_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final int TAIL_LENGTH = 5;
    private static final int WORDS_PER_LIST = 256;

    private static final List<String> ADJECTIVES = words("adjectives.txt");
    private static final List<String> NOUNS = words("nouns.txt");

    private final RandomGenerator random;

    /** The generator for real names. */
    public NameGenerator() {
        this(new SecureRandom());
    }

    /** A generator with a source of its own, for tests that want to know what comes. */
    public NameGenerator(RandomGenerator random) {
        this.random = random;
    }

    /** A new name: a lower-case host label, never the same twice as far as anybody will see. */
    public String next() {
        StringBuilder name = new StringBuilder(32)
                .append(pick(ADJECTIVES))
                .append('-')
                .append(pick(NOUNS))
                .append('-');
        for (int i = 0; i < TAIL_LENGTH; i++) {
            name.append(TAIL_ALPHABET.charAt(random.nextInt(TAIL_ALPHABET.length())));
        }
        return name.toString();
    }

    private String pick(List<String> words) {
        return words.get(random.nextInt(words.size()));
    }

    static List<String> words(String resource) {
        InputStream stream = NameGenerator.class.getResourceAsStream(resource);
        if (stream == null) {
            throw new IllegalStateException("the word list %s is missing from the jar".formatted(resource));
        }
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            List<String> words = reader.lines().filter(line -> !line.isBlank()).toList();
            if (words.stream().distinct().count() != WORDS_PER_LIST) {
                throw new IllegalStateException("the word list %s has %d different words, not %d"
                        .formatted(resource, words.stream().distinct().count(), WORDS_PER_LIST));
            }
            return words;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
