/**
 * The real programs with real visitors and targets: the runnable jars, started by the launcher as a user starts them.
 * {@link dev.culvert.edge.e2e.Stage} puts up what a test needs, and takes it down.
 */
package dev.culvert.edge.e2e;
