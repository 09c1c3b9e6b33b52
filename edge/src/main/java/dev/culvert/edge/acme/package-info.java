/**
 * Certificates from an authority on the network, by ACME (RFC 8555): ordered by one node, proven by any, served by all. The
 * only package that knows ACME.
 */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.acme;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
