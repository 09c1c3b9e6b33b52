/** Who may connect and which names they may bind. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.access;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
