/** One node of the cluster: builds its parts and starts them in order. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
