package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Settings;
import java.util.List;
import java.util.Map;

/**
 * How the runnable jar logs: to standard error, a line each with time and level. Set before the first logger is made,
 * and as properties, so that whoever embeds the edge and logs by other means gets none of it.
 */
final class LogSettings {
    private static final String VARIABLE = "CULVERT_LOG_LEVEL";
    private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");
    private static final String PREFIX = "org.slf4j.simpleLogger.";

    private LogSettings() {}

    /** Applies the variable {@code CULVERT_LOG_LEVEL}, or {@code otherwise}; a property of the JVM wins over both. */
    static void apply(Map<String, String> environment, String otherwise) {
        String level = new Settings(environment, List.of()).find("log-level").orElse(otherwise);
        if (!LEVELS.contains(level)) {
            throw new ConfigException(
                    "%s must be one of %s, was %s".formatted(VARIABLE, String.join(", ", LEVELS), level));
        }
        set("defaultLogLevel", level);
        set("showDateTime", "true");
        set("dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
        set("showThreadName", "false");
        set("showShortLogName", "true");
        // Hazelcast says a great deal that only its own developers need, unless somebody wants to see everything.
        if (LEVELS.indexOf(level) <= LEVELS.indexOf("info")) {
            set("log.com.hazelcast", level.equals("info") ? "warn" : "error");
            // "No join method is enabled": that is meant.
            set("log.com.hazelcast.instance.impl.Node", "error");
            // Says a line for each frame that crosses the end of its stream, and visitors decide how many there are.
            set("log.io.netty.handler.codec.http2", "warn");
            // Says a line for each of its questions that has to be asked again.
            set("log.org.shredzone.acme4j", "warn");
            // Says a line or a stack trace for whatever strangers do at the door.
            set("log.org.apache.sshd", "error");
            set("log.dev.culvert.edge.ssh.BoundedSession", "error"); // MINA's words, under our class.
            // What it says of a port that is taken is said in words anyway.
            set("log.org.apache.sshd.common.io.nio2.Nio2Acceptor", "off");
            // "Discarding message": what other nodes still say to one that has stopped listening.
            set("log.io.vertx.core.eventbus.impl.MessageConsumerImpl", "error");
        }
    }

    private static void set(String name, String value) {
        if (System.getProperty(PREFIX + name) == null) {
            System.setProperty(PREFIX + name, value);
        }
    }
}
