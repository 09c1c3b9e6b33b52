/** The door for visitors: works out which tunnel they want and carries their bytes. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.ingress;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
