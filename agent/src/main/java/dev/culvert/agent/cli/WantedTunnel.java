package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelOptions;
import java.util.Optional;

/**
 * A tunnel that the command line or a file asks for.
 *
 * @param options what it is to be at the start
 * @param passwords the file that its passwords were read from, where they are in one
 */
record WantedTunnel(TunnelOptions options, Optional<PasswordFile> passwords) {}
