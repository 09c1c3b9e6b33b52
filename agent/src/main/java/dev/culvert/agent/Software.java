package dev.culvert.agent;

/** What this program calls itself to edges. */
public final class Software {
    /** Its version, as the build wrote it into the jar; {@code dev} when run from classes. */
    public static final String VERSION = version();

    static final String NAME = "culvert-agent/" + VERSION;

    private Software() {}

    private static String version() {
        String version = Software.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }
}
