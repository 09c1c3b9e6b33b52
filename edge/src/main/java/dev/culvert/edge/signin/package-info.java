/**
 * Visitors sign in with an identity provider (OpenID Connect): {@link dev.culvert.edge.signin.VisitorSignIn} is the way,
 * {@link dev.culvert.edge.signin.OpenIdProvider} the other end.
 */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.signin;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
