/** Lanes in WebSockets: what agent and edge have in common there. */
@NullMarked
@CheckReturnValue
package dev.culvert.websocket;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
