/** Agents that show a company's own tokens, JWTs, and how those are proven. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.access.jwt;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
