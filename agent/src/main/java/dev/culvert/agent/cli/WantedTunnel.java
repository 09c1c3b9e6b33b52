package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelOptions;
import java.util.Optional;

/**
 * A tunnel that the command line or a file asks for.
 *
 * @param entry what a file calls it; empty for the one of a command
 * @param options what it is to be at the start
 * @param passwords the file that its passwords were read from, where they are in one
 */
record WantedTunnel(String entry, TunnelOptions options, Optional<PasswordFile> passwords) {}
