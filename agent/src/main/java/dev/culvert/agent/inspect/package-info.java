/** What people of this machine see of the requests to their targets, and how they send one again. */
@NullMarked
@CheckReturnValue
package dev.culvert.agent.inspect;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
