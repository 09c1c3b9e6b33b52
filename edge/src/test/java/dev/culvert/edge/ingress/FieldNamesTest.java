package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.AsciiString;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldNamesTest {
    private static final FieldNames NAMES = FieldNames.of("te", "keep-alive", "x-real-ip");

    @ParameterizedTest
    @ValueSource(strings = {"te", "TE", "tE", "keep-alive", "Keep-Alive", "KEEP_ALIVE", "X-Real-IP", "x_real-Ip"})
    void nameIsFoundInEverySpelling(String spelling) {
        assertTrue(NAMES.contains(spelling));
        assertTrue(NAMES.contains(new AsciiString(spelling)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "t",
                "ta",
                "tee",
                "keep-aliv",
                "keep-alives",
                "keep alive",
                "keepalive",
                "keep@alive",
                "x-real-ips"
            })
    void otherNamesAreNot(String other) {
        assertFalse(NAMES.contains(other));
        assertFalse(NAMES.contains(new AsciiString(other)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"culvert-", "Culvert-Node", "CULVERT_NODE", "culvert-x"})
    void prefixIsFoundInEverySpelling(String name) {
        assertTrue(FieldNames.startsWith(name, "culvert-"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "culvert", "xculvert-", "culver-t"})
    void otherBeginningsAreNot(String name) {
        assertFalse(FieldNames.startsWith(name, "culvert-"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-Foo", "x_foo", "X_FOO"})
    void allSpellingsHaveOneCanonicalOne(String name) {
        assertEquals("x-foo", FieldNames.canonical(name));
    }
}
