/** Reaching an edge: dial, back off, reconnect. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.dial;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
