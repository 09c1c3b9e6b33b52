package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class YamlSectionTest {

    @Test
    void valuesAreTextAsTheyWereWritten() {
        YamlSection section = parse("http-port: 08\ntls-port: off\nlane_port: 7070\nnothing:\n");

        assertEquals(Optional.of("08"), section.text("http-port"));
        assertEquals(Optional.of("off"), section.text("tls-port"));
        assertEquals(Optional.of("7070"), section.text("lane-port"));
        assertEquals(Optional.empty(), section.text("nothing"));
        assertEquals(Optional.empty(), section.text("absent"));
    }

    @Test
    void listIsItsItemsWithCommas() {
        assertEquals(
                Optional.of("10.0.0.0/8,::1"),
                parse("trusted: [10.0.0.0/8, '::1']").text("trusted"));
    }

    @Test
    void sectionsNest() {
        YamlSection web = parse("tunnels:\n  web:\n    target: 3000\n")
                .section("tunnels")
                .orElseThrow()
                .section("web")
                .orElseThrow();

        assertEquals(Optional.of("3000"), web.text("target"));
    }

    @Test
    void listOfSectionsKeepsTheirOrderAndPlaces() {
        YamlSection file = parse("issuers:\n  - issuer: a\n  - issuer: b\n    keys: c\n");

        List<YamlSection> issuers = file.sections("issuers");

        assertEquals(
                List.of(Optional.of("a"), Optional.of("b")),
                issuers.stream().map(issuer -> issuer.text("issuer")).toList());
        assertEquals("culvert.yaml, line 4, column 5", issuers.get(1).placeOf("keys"));
        assertEquals(List.of(), file.sections("absent"));
        ConfigException noList =
                assertThrows(ConfigException.class, () -> parse("issuers: a").sections("issuers"));
        assertTrue(noList.getMessage().contains("must be a list"), noList.getMessage());
    }

    @Test
    void namesThatAreNotOursStayAsTheyAreWritten() {
        assertEquals(
                Map.of("job_workflow-ref", "a", "kubernetes.io", "b"),
                parse("claims: {job_workflow-ref: a, kubernetes.io: b}").named("claims"));
        assertEquals(Map.of(), parse("").named("claims"));
    }

    @Test
    void unknownKeyIsRefusedWithItsPlace() {
        YamlSection section = parse("edge: a\n\n  \ntunels: {}\n");

        assertEquals(
                "culvert.yaml, line 4, column 1: tunels: unknown key; known are edge, tunnels",
                message(() -> section.allowOnly(Set.of("tunnels", "edge"))));
    }

    @Test
    void keyThatIsThereTwiceIsRefused() {
        assertEquals(
                "culvert.yaml, line 2, column 1: edge is there a second time; the first is in line 1",
                message(() -> parse("edge: a\nedge: b\n")));
    }

    @Test
    void brokenYamlIsOneSentenceWithTheLine() {
        String message = message(() -> parse("edge: a\ntunnels: [\n"));

        assertTrue(message.startsWith("culvert.yaml, line 3, column 1 is not YAML: "), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void tabIsAnErrorInOneSentence() {
        assertTrue(message(() -> parse("edge:\n\tname: a\n")).startsWith("culvert.yaml, line 2, column 1"));
    }

    @Test
    void listWhereKeysBelongIsRefused() {
        assertEquals(
                "culvert.yaml, line 1, column 1: the file must be keys with values, like `name: value`",
                message(() -> parse("- a\n- b\n")));
        assertTrue(message(() -> parse("tunnels: 3").section("tunnels")).startsWith("culvert.yaml, line 1, column 10"));
    }

    @Test
    void keysWhereAValueBelongsAreRefused() {
        assertTrue(message(() -> parse("edge: {a: b}").text("edge")).contains("edge must be one value"));
    }

    @Test
    void emptyFileHasNoKeys() {
        assertEquals(Set.of(), parse("# nothing yet\n").keys());
    }

    @Test
    void missingFileIsNamed(@TempDir Path folder) {
        Path file = folder.resolve("culvert.yaml");

        assertEquals("there is no file " + file, message(() -> YamlSection.read(file)));
    }

    @Test
    void fileThatIsNoTextIsRefusedInWords(@TempDir Path folder) throws Exception {
        Path latin =
                Files.write(folder.resolve("culvert.yaml"), new byte[] {'e', 'd', 'g', 'e', ':', ' ', (byte) 0xE9});

        assertEquals(latin + " is not text in UTF-8", message(() -> YamlSection.read(latin)));
        assertEquals(folder + " is a folder, not a file", message(() -> YamlSection.read(folder)));
    }

    @Test
    void objectsOfOtherProgramsAreRefused() {
        String message = message(() -> parse("edge: !!java.net.URL [\"http://127.0.0.1:1/\"]\n"));

        assertTrue(message.startsWith("culvert.yaml, line 1, column 7 is not YAML: "), message);
    }

    private static YamlSection parse(String text) {
        return YamlSection.parse("culvert.yaml", text);
    }

    private static String message(Runnable reading) {
        return assertThrows(ConfigException.class, reading::run).getMessage();
    }
}
