/** What an agent keeps between its starts: its secret and its names. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.state;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
