package dev.culvert.agent.state;

/**
 * Something to note about a name.
 *
 * @param name the name; only what it is known by counts where it is to be forgotten
 * @param kept whether it is kept, as the latest used, or forgotten
 */
public record NameChange(NameRecord name, boolean kept) {}
