package dev.culvert.edge.registry;

/**
 * A node's statement that an agent for a tunnel is connected to it.
 *
 * @param node the node's id, new at each of its starts; the claim is valid only while that node is a member
 * @param lane the lane's id
 * @param instance the agent's instance id
 */
public record Claim(String node, String lane, String instance) {}
