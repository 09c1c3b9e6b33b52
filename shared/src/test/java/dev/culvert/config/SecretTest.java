package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SecretTest {
    record Options(Secret password) {}

    @Test
    void printsAsStarsWhereverItStands() {
        assertEquals("Options[password=***]", new Options(Secret.of("hunter2")).toString());
        assertEquals("hunter2", Secret.of("hunter2").reveal());
    }

    @Test
    void sameTextsAreEqual() {
        assertEquals(Secret.of("a"), Secret.of("a"));
        assertEquals(Secret.of("a").hashCode(), Secret.of("a").hashCode());
        assertNotEquals(Secret.of("a"), Secret.of("b"));
    }

    @Test
    void aBlankSecretIsNone() {
        assertThrows(IllegalArgumentException.class, () -> Secret.of(" "));
    }
}
