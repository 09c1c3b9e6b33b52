package dev.culvert.edge.access;

/**
 * Who an agent is, and what it may ask for.
 *
 * @param owner what the registry notes as the owner of its names: a line's owner in the tokens file, or
 *     {@code anonymous:} and the hash of the agent's secret
 * @param credential tells two credentials of one owner apart, so that one of them can be withdrawn; not secret
 * @param names which names it may have
 */
public record Identity(String owner, String credential, NamePatterns names) {}
