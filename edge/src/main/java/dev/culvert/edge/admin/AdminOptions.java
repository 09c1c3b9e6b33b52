package dev.culvert.edge.admin;

import dev.culvert.config.ListenPort;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The operator's door.
 *
 * @param port where it listens (option {@code --admin-port}, default 7090); 0 picks a free port, {@code off} opens none,
 *     and then nothing answers {@code culvert status} or a balancer's health checks
 * @param bind the address it listens on (option {@code --admin-bind}, default 127.0.0.1). Beyond loopback only with a
 *     {@code tokenFile}; for a balancer's health checks from other machines
 * @param tokenFile holds the token that the API asks for (option {@code --admin-token-file}, default none), one line of
 *     at least 16 characters; {@code /healthz} and {@code /readyz} never ask
 */
public record AdminOptions(
        ListenPort port, String bind, @Nullable Path tokenFile) {
    public static final AdminOptions DEFAULT = new AdminOptions(new ListenPort(7090), "127.0.0.1", null);
}
