package dev.culvert.edge.admin;

import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The certificates of this node in numbers. Safe for use by any thread.
 *
 * @param end when that of the edge's own domain ends, in seconds since 1970; NaN where there is none
 * @param busEnd when that of the event bus ends, in the same way
 * @param received orders that ended with a certificate, of those that this node has made
 * @param failed orders that did not
 */
public record CertificateFigures(
        DoubleSupplier end, DoubleSupplier busEnd, LongSupplier received, LongSupplier failed) {}
