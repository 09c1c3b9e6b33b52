package dev.culvert.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class NameGeneratorTest {
    private static final String HOST_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    private static final String LOCALTUNNEL_NAME = "^(?:[a-z0-9][a-z0-9\\-]{4,63}[a-z0-9]|[a-z0-9]{4,63})$";

    @Property
    void everyNameIsAHostLabelAndALocaltunnelName(@ForAll long seed) {
        String name = new NameGenerator(new Random(seed)).next();
        assertTrue(name.matches(HOST_LABEL), name);
        assertTrue(name.matches(LOCALTUNNEL_NAME), name);
    }

    @Test
    void noPairOfWordsMakesALabelTooLong() {
        int longest = longest(NameGenerator.words("adjectives.txt")) + longest(NameGenerator.words("nouns.txt"));
        assertTrue(longest + "--7k2mq".length() <= 63, "longest pair has " + longest + " letters");
    }

    @Test
    void wordListsHoldEightBitsEach() {
        for (String list : List.of("adjectives.txt", "nouns.txt")) {
            List<String> words = NameGenerator.words(list);
            assertEquals(256, words.size(), list);
            assertTrue(words.stream().allMatch(word -> word.matches("[a-z]{2,11}")), list);
        }
    }

    @Test
    void everyTailLetterIsDrawn() {
        NameGenerator generator = new NameGenerator(new Random(7));
        Set<Character> letters = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            String name = generator.next();
            name.substring(name.length() - 5).chars().forEach(letter -> letters.add((char) letter));
        }
        assertEquals(32, letters.size());
    }

    @Test
    void namesDoNotRepeat() {
        NameGenerator generator = new NameGenerator(new Random(11));
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            names.add(generator.next());
        }
        assertEquals(10_000, names.size());
    }

    private static int longest(List<String> words) {
        return words.stream().mapToInt(String::length).max().orElseThrow();
    }
}
