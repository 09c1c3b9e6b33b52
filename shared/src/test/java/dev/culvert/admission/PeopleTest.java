package dev.culvert.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.config.ConfigException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeopleTest {
    @ParameterizedTest
    @CsvSource({
        "ann@example.com, ann@example.com, true",
        "ann@example.com, ANN@Example.com, true",
        "Ann@Example.com, ann@example.com, true",
        "ann@example.com, joann@example.com, false",
        "ann@example.com, ann@example.com.evil.test, false",
        "*@example.com, bob@example.com, true",
        "*@example.com, bj\u00f6rn@EXAMPLE.com, true",
        "*@example.com, bob@sub.example.com, false",
        "*@example.com, bob@notexample.com, false",
        "*@example.com, example.com, false",
        "*@example.com, @example.com, false",
        "*@example.com, '\"a@b\"@example.com', true",
        // What stands in quotes before the last @ is no domain.
        "*@example.com, '\"bob@example.com\"@evil.test', false",
        // The Kelvin sign, which is k in lower case.
        "kim@example.com, \u212aim@example.com, false",
        "*@example.kim, bob@example.\u212aim, false",
        "*, anybody, true",
        "ann, ann, true",
        "ann, ann@example.com, false",
        "'bob@example.com, *@example.org', ann@example.org, true",
    })
    void whoIsOneOfThem(String people, String who, boolean is) {
        assertEquals(is, People.parse(people).test(new Person(who)));
    }

    @ParameterizedTest
    @CsvSource({
        "group:staff, staff, true",
        "Group:staff, staff, true",
        "group:staff, Staff, false",
        "'group: Platform Team', Platform Team, true",
        "'ann,group:/acme/*', /acme/*, true",
        "group:/acme/*, /acme/dev, false",
        "staff, staff, false",
    })
    void whoIsOfAGroupIsOneOfThem(String people, String group, boolean is) {
        Person ann = new Person("ann@example.com", Set.of("others", group));

        assertEquals(is, People.parse(people).test(ann));
    }

    @Test
    void nameThatReadsLikeAGroupIsNone() {
        assertFalse(People.parse("group:staff").test(new Person("group:staff")));
        assertEquals(
                Set.of("staff", "Night Shift"),
                People.parse("ann,group:staff,group:Night Shift,*@example.com").groups());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ann@example.com,",
                "*example.com",
                "@example.com",
                "*@",
                "*@*",
                "*@*.example.com",
                "ann@*.com",
                "**",
                "*@a@example.com",
                "an n@example.com",
                "bj\u00f6rn@example.com",
                "group:",
                "group: ",
                "group:gro\u00dfe"
            })
    void whatIsNobodyIsRefused(String text) {
        assertThrows(ConfigException.class, () -> People.parse(text));
    }

    @Test
    void sameInOtherWordsAreTheSame() {
        assertEquals(
                People.parse("b@example.com,A@example.com"),
                People.parse("a@example.com , B@EXAMPLE.com,b@example.com"));
        assertEquals(List.of("*", "ann"), People.parse("ann,*").all());
    }
}
