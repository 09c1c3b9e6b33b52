package dev.culvert.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Where a program keeps what outlives it and is its user's alone. */
public final class StateFolder {
    private StateFolder() {}

    /** The user's folder, from this process's environment. */
    public static Path ofUser() {
        return of(System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", ".")));
    }

    /**
     * {@code CULVERT_HOME} where it is set; else {@code culvert} in {@code XDG_CONFIG_HOME}, on Windows in
     * {@code APPDATA}, and where those are not set in {@code ~/.config}.
     */
    static Path of(Map<String, String> environment, String system, Path home) {
        String own = environment.getOrDefault("CULVERT_HOME", "");
        if (!own.isEmpty()) {
            return Path.of(own);
        }
        boolean windows = system.toLowerCase(Locale.ROOT).startsWith("windows");
        String base = environment.getOrDefault(windows ? "APPDATA" : "XDG_CONFIG_HOME", "");
        // The XDG specification: a path that is not absolute is to be ignored.
        Path folder = !base.isEmpty() && Path.of(base).isAbsolute() ? Path.of(base) : home.resolve(".config");
        return folder.resolve("culvert");
    }
}
