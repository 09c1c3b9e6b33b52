/** A folder as a target: a small web server for its files, which only this agent can reach. */
@NullMarked
package dev.culvert.agent.folder;

import org.jspecify.annotations.NullMarked;
