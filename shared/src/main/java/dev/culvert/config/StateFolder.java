package dev.culvert.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a program keeps what outlives it and is its user's alone. */
public final class StateFolder {
    private StateFolder() {}

    /** The user's folder, from this process's environment; empty for a user who has no home. */
    public static Optional<Path> ofUser() {
        return of(System.getenv(), System.getProperty("os.name", ""), System.getProperty("user.home", ""));
    }

    /**
     * {@code CULVERT_HOME} where it is set; else {@code culvert} in {@code XDG_CONFIG_HOME}, on Windows in
     * {@code APPDATA}, and where those are not set in {@code ~/.config}. {@code HOME} says where that is, but on Windows.
     *
     * @param user the home that the JVM has found, where there is no {@code HOME}; {@code ?} when the system does not know the user, as in containers
     */
    static Optional<Path> of(Map<String, String> environment, String system, String user) {
        String own = environment.getOrDefault("CULVERT_HOME", "");
        if (!own.isEmpty()) {
            return Optional.of(Path.of(own));
        }
        boolean windows = system.toLowerCase(Locale.ROOT).startsWith("windows");
        Optional<Path> home =
                windows ? absolute(user) : absolute(environment.get("HOME")).or(() -> absolute(user));
        return absolute(environment.get(windows ? "APPDATA" : "XDG_CONFIG_HOME"))
                .or(() -> home.map(folder -> folder.resolve(".config")))
                .map(folder -> folder.resolve("culvert"));
    }

    /** The XDG specification: a path that is not absolute is to be ignored. */
    private static Optional<Path> absolute(@Nullable String path) {
        return Optional.ofNullable(path).map(Path::of).filter(Path::isAbsolute);
    }
}
