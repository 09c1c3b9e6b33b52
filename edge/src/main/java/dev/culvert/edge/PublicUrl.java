package dev.culvert.edge;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where visitors find a host: scheme and port, which are the visitor port's own or those of a balancer before it.
 *
 * @param scheme {@code http} or {@code https}
 * @param port the port that visitors use
 */
record PublicUrl(String scheme, int port) {
    private static final int HTTP = 80;
    private static final int HTTPS = 443;

    /**
     * What the operator says, or the visitor port, that for TLS first.
     *
     * @param httpPort 0 or less where there is none; likewise the other
     */
    static PublicUrl of(@Nullable URI publicUrl, int httpPort, int httpsPort) {
        if (publicUrl == null && httpsPort > 0) {
            return new PublicUrl("https", httpsPort);
        } else if (publicUrl == null) {
            return new PublicUrl("http", httpPort <= 0 ? HTTP : httpPort);
        }
        int usual = publicUrl.getScheme().equals("https") ? HTTPS : HTTP;
        return new PublicUrl(publicUrl.getScheme(), publicUrl.getPort() < 0 ? usual : publicUrl.getPort());
    }

    /** The host's URL, without a port where it is the scheme's own. */
    String ofHost(String host) {
        boolean usual = port == (scheme.equals("https") ? HTTPS : HTTP);
        return scheme + "://" + host + (usual ? "" : ":" + port);
    }
}
