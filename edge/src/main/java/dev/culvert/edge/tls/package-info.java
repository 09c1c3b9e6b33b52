/**
 * The edge's certificates: which one a visitor is served, where they come from, and what TLS is spoken with them; and the
 * one that it shows other nodes.
 */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.tls;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
