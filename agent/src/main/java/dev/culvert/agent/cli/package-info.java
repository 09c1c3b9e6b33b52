/** The command line of the agent. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.cli;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
