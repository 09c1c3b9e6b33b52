/** Reading and checking configuration. */
@NullMarked
@CheckReturnValue
package dev.culvert.config;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
