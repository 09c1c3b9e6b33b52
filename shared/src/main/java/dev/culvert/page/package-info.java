/** What the programs' own pages have in common: how their files are found, what a browser may do with them, a script. */
@NullMarked
@CheckReturnValue
package dev.culvert.page;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
