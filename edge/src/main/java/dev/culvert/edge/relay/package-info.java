/** Carries streams to the nodes that hold their tunnels, over the clustered event bus. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.relay;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
