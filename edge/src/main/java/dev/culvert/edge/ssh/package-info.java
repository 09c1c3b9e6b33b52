/**
 * Plain SSH clients, whose {@code ssh -R} asks for a tunnel: their connections, and the channels in them as streams; and
 * agents that sign with SSH keys ({@code docs/decisions/0016}). The only place that knows SSH, by Apache MINA
 * ({@code docs/decisions/0010}); {@code docs/ssh.md} is what clients find.
 */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.ssh;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
