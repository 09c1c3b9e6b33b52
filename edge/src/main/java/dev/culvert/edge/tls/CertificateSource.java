package dev.culvert.edge.tls;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where certificates come from. */
public interface CertificateSource {
    /**
     * What is there now; the first is for clients that name no host. Blocks, and is called again and
     * again: unchanged certificates are equal to those of before.
     */
    List<KeyAndChain> read() throws IOException, BrokenCertificateException;

    /**
     * A certificate made for a host that none of those names; null where there is none to be had. Takes a few
     * milliseconds at most, because it is called on an event loop.
     */
    default @Nullable KeyAndChain issueFor(String host) {
        return null;
    }

    /**
     * The domain whose tunnels get no other certificates than those that are {@linkplain #read read}; null where others are
     * made or ordered for them.
     */
    default @Nullable String onlyOneFor() {
        return null;
    }

    /** Whether what is read has never half a change in it, such as a certificate whose key is still to be written. */
    default boolean isWhole() {
        return false;
    }

    /** Whether {@link #read} may have a certificate within seconds for a host that is served here and has none yet. */
    default boolean isAwaited(String host) {
        return false;
    }
}
