/** What issuers of tokens and providers of identities publish, how it is fetched, and what operators write of them. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.issuers;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
