/** Who may visit a tunnel: networks, passwords and people, as agents ask for them and edges see to it. */
@NullMarked
@CheckReturnValue
package dev.culvert.admission;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
