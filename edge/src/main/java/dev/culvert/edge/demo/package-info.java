/** Everything on one machine: an edge, an agent and a sample site. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.demo;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
