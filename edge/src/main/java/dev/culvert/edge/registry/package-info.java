/** Which names exist, who owns them and which nodes hold them; the only place that knows Hazelcast. */
@NullMarked
@CheckReturnValue
package dev.culvert.edge.registry;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
