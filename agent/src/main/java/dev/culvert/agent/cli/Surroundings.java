package dev.culvert.agent.cli;

import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Settings;
import dev.culvert.config.StateFolder;
import dev.culvert.config.YamlSection;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a command finds around it; tests pass their own.
 *
 * @param environment the variables
 * @param home the user's folder for Culvert, with {@code config.yaml} where there is one
 * @param out where results go
 * @param err where errors go
 * @param secrets where a secret is typed or piped in
 * @param terminal whether a person reads {@code out}
 */
record Surroundings(
        Map<String, String> environment,
        Path home,
        PrintStream out,
        PrintStream err,
        SecretInput secrets,
        boolean terminal) {

    /**
     * Those of this process.
     *
     * @throws ConfigException when its user has no home
     */
    static Surroundings ofProcess() {
        Map<String, String> environment = System.getenv();
        boolean colours = isTerminal()
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !"dumb".equals(environment.get("TERM"));
        return new Surroundings(
                environment,
                folderOfUser(),
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                SecretInput.ofProcess(isTerminal()),
                colours);
    }

    /** The settings of variables, then these files, then the user's own. */
    Settings settings(List<YamlSection> files) {
        return settings(files, userConfig().section());
    }

    /**
     * What was chosen by flags, else by variables, else in these files, else in the user's own. Of that one, what makes
     * an edge and its agents known to each other counts for the edge that it names, and for no other that was chosen
     * nearer: no edge is told the token of another.
     */
    Choices choices(Map<String, String> flags, List<YamlSection> files) {
        return choices(flags, files, userConfig().section());
    }

    private Choices choices(Map<String, String> flags, List<YamlSection> files, YamlSection own) {
        Optional<String> named = own.text(AgentOption.EDGE.key);
        Optional<String> chosen = new Choices(flags, settings(files, own)).text(AgentOption.EDGE);
        boolean another = named.isPresent() && !isSame(named.get(), chosen.orElse(""));
        return new Choices(flags, settings(files, another ? own.without(UserConfig.KEYS) : own));
    }

    /** The same without a token of the user's file. */
    Choices choicesWithoutToken(Map<String, String> flags) {
        Set<String> tokens = AgentOption.keys(
                Set.of(AgentOption.TOKEN, AgentOption.TOKEN_FILE, AgentOption.TOKEN_COMMAND, AgentOption.SSH_KEY));
        return choices(flags, List.of(), userConfig().section().without(tokens));
    }

    /** The user's own file. */
    UserConfig userConfig() {
        return new UserConfig(home, err);
    }

    private Settings settings(List<YamlSection> files, YamlSection own) {
        List<YamlSection> all = new ArrayList<>(files);
        all.add(own);
        return new Settings(environment, all);
    }

    private static boolean isSame(String edge, String other) {
        try {
            return EdgeAddress.parse(edge).equals(EdgeAddress.parse(other));
        } catch (IllegalArgumentException e) {
            return edge.equals(other); // What is wrong with it is said where it is used.
        }
    }

    private static Path folderOfUser() {
        return StateFolder.ofUser()
                .orElseThrow(
                        () -> new ConfigException("this user has no home folder: set HOME, or CULVERT_HOME to a folder"
                                + " where Culvert may keep its files"));
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
