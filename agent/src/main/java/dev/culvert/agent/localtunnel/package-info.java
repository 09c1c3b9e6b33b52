/** A tunnel on a server that speaks localtunnel's contract, instead of on an edge. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.localtunnel;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
