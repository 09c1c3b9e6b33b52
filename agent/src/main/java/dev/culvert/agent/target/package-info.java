/** Reaching the local service behind a tunnel. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.target;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
