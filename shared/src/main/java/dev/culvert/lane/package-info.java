/** Lanes: one connection that carries many flow-controlled streams. */
@NullMarked
@CheckReturnValue
package dev.culvert.lane;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
