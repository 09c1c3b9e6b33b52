/** The operator's door: health, the API, the dashboard. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.admin;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
