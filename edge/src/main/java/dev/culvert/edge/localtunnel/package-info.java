/**
 * localtunnel's clients, as its own server takes them: they register by a GET to the edge's own host and keep plain
 * sockets to a port of their own, each of which carries one request. {@code docs/localtunnel.md} is the contract.
 */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.localtunnel;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
