/** The agent as a library: open tunnels to local targets and watch them. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
