/** What crosses a lane: frames, their encoding, and the reasons for which things end. */
@NullMarked
@CheckReturnValue
package dev.culvert.wire;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
