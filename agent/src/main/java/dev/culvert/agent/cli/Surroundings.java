package dev.culvert.agent.cli;

import dev.culvert.config.Settings;
import dev.culvert.config.StateFolder;
import dev.culvert.config.YamlSection;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a command finds around it; tests pass their own.
 *
 * @param environment the variables
 * @param home the user's folder for Culvert, with {@code config.yaml} where there is one
 * @param out where results go
 * @param err where errors go
 * @param terminal whether a person reads {@code out}
 */
record Surroundings(Map<String, String> environment, Path home, PrintStream out, PrintStream err, boolean terminal) {
    private static final String CONFIG_FILE = "config.yaml";

    /** Those of this process. */
    static Surroundings ofProcess() {
        Map<String, String> environment = System.getenv();
        boolean colours = isTerminal()
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !"dumb".equals(environment.get("TERM"));
        return new Surroundings(
                environment, StateFolder.ofUser(), stream(FileDescriptor.out), stream(FileDescriptor.err), colours);
    }

    /** The settings of variables, then these files, then the user's own. */
    Settings settings(List<YamlSection> files) {
        List<YamlSection> all = new ArrayList<>(files);
        Path own = home.resolve(CONFIG_FILE);
        if (Files.exists(own)) {
            YamlSection section = YamlSection.read(own);
            section.allowOnly(AgentOption.keys());
            all.add(section);
        }
        return new Settings(environment, all);
    }

    /** UTF-8, whatever the locale says, because arrows and JSON need it; on Windows what its console has. */
    private static PrintStream stream(FileDescriptor descriptor) {
        String console = System.getProperty("stdout.encoding");
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        Charset charset = windows && console != null ? Charset.forName(console) : StandardCharsets.UTF_8;
        return new PrintStream(new FileOutputStream(descriptor), true, charset);
    }

    @SuppressWarnings("SystemConsoleNull") // Java 17 to 21 return null, and for them it is asked.
    private static boolean isTerminal() {
        if (System.console() == null) {
            return false;
        }
        try {
            // From Java 22 on there is a console even where there is no terminal.
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(System.console()));
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
