package dev.culvert.agent.cli;

import dev.culvert.config.ConfigException;
import dev.culvert.config.PrivateFiles;
import dev.culvert.config.YamlSection;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The user's own {@code config.yaml}: the options that hold where nothing nearer says otherwise, and what
 * {@code culvert login} keeps.
 *
 * @param home the folder that it is in
 * @param warnings where its user is told that others can read it
 */
record UserConfig(Path home, PrintStream warnings) {
    private static final Logger LOGGER = LoggerFactory.getLogger(UserConfig.class);
    private static final String FILE = "config.yaml";

    /** What a login keeps, and what belongs to the edge that it is for. */
    static final Set<String> KEYS = AgentOption.keys(AgentOption.OF_LOGIN);

    /** A line that begins one of them, in either spelling; what is indented below it belongs to it. */
    private static final Pattern KEPT = Pattern.compile("(%s)\\s*:.*"
            .formatted(KEYS.stream().map(key -> key.replace("-", "[-_]")).collect(Collectors.joining("|"))));

    /** Where it is. */
    Path path() {
        return home.resolve(FILE);
    }

    /** What it says; nothing where there is none. */
    YamlSection section() {
        if (!Files.exists(path())) {
            return YamlSection.empty(path().toString());
        }
        YamlSection section = YamlSection.read(path());
        section.allowOnly(AgentOption.keys());
        if (section.text(AgentOption.TOKEN.key).isPresent() && othersCanRead()) {
            warnings.println(
                    "culvert: others on this machine can read the token in %1$s: chmod 600 %1$s".formatted(path()));
        }
        return section;
    }

    /** Keeps these values in place of those of the last login; everything else stays as it is written. */
    void keep(Map<String, String> values) {
        write(new TreeMap<>(values));
    }

    /** Drops what a login kept; whether there was anything. */
    boolean drop() {
        boolean kept = section().keys().stream().anyMatch(KEYS::contains);
        if (kept) {
            write(Map.of());
        }
        return kept;
    }

    private void write(Map<String, String> values) {
        PrivateFiles files = new PrivateFiles(home);
        try {
            String written = files.alone(() -> {
                String text = replaced(files.read(FILE), values);
                requireKept(text, values);
                files.write(FILE, text);
                return text;
            });
            LOGGER.atDebug()
                    .addKeyValue("file", path())
                    .addKeyValue("chars", written.length())
                    .log("login kept");
        } catch (IOException e) {
            throw new CommandFailedException("cannot write %s (%s)".formatted(path(), e.getMessage()));
        }
    }

    private static String replaced(String before, Map<String, String> values) {
        StringBuilder text = new StringBuilder();
        boolean dropping = false;
        for (String line : before.lines().toList()) {
            boolean continued = dropping && (line.startsWith(" ") || line.startsWith("\t"));
            dropping = continued || KEPT.matcher(line).matches();
            if (!dropping) {
                text.append(line).append('\n');
            }
        }
        values.forEach((key, value) -> text.append("%s: '%s'\n".formatted(key, value.replace("'", "''"))));
        return text.toString();
    }

    /** A file that is written in an unusual way is its user's to change. */
    private void requireKept(String text, Map<String, String> values) {
        try {
            YamlSection written = YamlSection.parse(path().toString(), text);
            boolean right =
                    KEYS.stream().allMatch(key -> written.text(key).orElse("").equals(values.getOrDefault(key, "")));
            if (right) {
                return;
            }
        } catch (ConfigException e) {
            // Said below.
        }
        throw new CommandFailedException("%s is written in a way that this cannot change: %s yourself"
                .formatted(
                        path(),
                        values.isEmpty()
                                ? "take %s out of it".formatted(String.join(", ", KEYS))
                                : "put %s there".formatted(String.join(", ", values.keySet()))));
    }

    private boolean othersCanRead() {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path());
            return List.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ).stream()
                    .anyMatch(permissions::contains);
        } catch (IOException | UnsupportedOperationException e) {
            return false; // Windows, where the user's own folder keeps others out.
        }
    }
}
