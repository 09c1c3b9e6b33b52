package dev.culvert.edge.acme;

import java.net.http.HttpClient;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.provider.GenericAcmeProvider;

/** Any authority by https, which may be a private one. */
final class HttpsProvider extends GenericAcmeProvider {
    private final @Nullable SSLContext trusted;

    /**
     * A provider.
     *
     * @param trusted who signs the authority's own certificate; null for those that Java trusts
     */
    HttpsProvider(@Nullable SSLContext trusted) {
        this.trusted = trusted;
    }

    @Override
    public HttpClient createHttpClient(NetworkSettings settings) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(settings.getTimeout())
                .proxy(settings.getProxySelector());
        if (trusted != null) {
            builder.sslContext(trusted);
        }
        return builder.build();
    }
}
