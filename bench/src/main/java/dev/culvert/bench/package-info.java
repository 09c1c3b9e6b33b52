/** Measures Culvert beside other programs, on one machine and in one run. */
@NullMarked
package dev.culvert.bench;

import org.jspecify.annotations.NullMarked;
