package dev.culvert.edge.admin;

/**
 * What does not change of a node while it runs.
 *
 * @param id new at each start
 * @param label what its operator calls it
 * @param address where visitors reach it, as {@code host:port}
 * @param version of the program
 * @param sinceMillis when it started, milliseconds since 1970
 */
public record About(String id, String label, String address, String version, long sinceMillis) {}
