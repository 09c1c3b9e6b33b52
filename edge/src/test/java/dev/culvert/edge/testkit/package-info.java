/** Fakes for the tests of the edge. */
package dev.culvert.edge.testkit;
