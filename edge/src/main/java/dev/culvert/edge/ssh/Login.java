package dev.culvert.edge.ssh;

import dev.culvert.edge.access.Identity;
import org.apache.sshd.common.AttributeRepository.AttributeKey;

/**
 * How a client is known.
 *
 * @param comesBack whether its next connection is the same client's, for whom its names are kept
 */
record Login(Identity identity, boolean comesBack) {
    /** Where MINA's session keeps the last one that was accepted. */
    static final AttributeKey<Login> KEY = new AttributeKey<>();
}
