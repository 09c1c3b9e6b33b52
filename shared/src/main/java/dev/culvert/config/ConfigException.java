package dev.culvert.config;

/** What a person wrote cannot be used. The message says where, what was found and what was wanted, in one sentence. */
public final class ConfigException extends RuntimeException {
    public ConfigException(String message) {
        super(message, null, false, false); // A person's mistake; where in our code it was found helps nobody.
    }
}
