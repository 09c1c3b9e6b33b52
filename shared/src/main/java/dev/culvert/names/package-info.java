/** Names of tunnels: what is allowed, how they are normalised, how one is made up. */
@NullMarked
@CheckReturnValue
package dev.culvert.names;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
