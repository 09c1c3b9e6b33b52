/** The agents that are connected to this node. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.lanes;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
