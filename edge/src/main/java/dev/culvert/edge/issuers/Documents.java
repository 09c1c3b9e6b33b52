package dev.culvert.edge.issuers;

import dev.culvert.config.Authorities;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** What an issuer publishes or answers: small texts, by HTTP. Safe for use by any thread, and blocks it. */
public final class Documents {
    /** Large companies' key sets have some tens of KiB, with certificates in them. */
    private static final int MOST_BYTES = 256 * 1024;

    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private final HttpClient client;

    /**
     * A client of one issuer.
     *
     * @param ca who signs its certificate; none for those that Java trusts
     */
    public Documents(List<X509Certificate> ca) {
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (!ca.isEmpty()) {
            builder.sslContext(trusting(ca));
        }
        client = builder.build();
    }

    /** Whether nobody on the way can change what is fetched from there: by https, or from this machine. */
    public static boolean isSafe(URI place) {
        return place.getHost() != null
                && ("https".equals(place.getScheme())
                        || ("http".equals(place.getScheme()) && THIS_MACHINE.contains(place.getHost())));
    }

    /** The text at a place; {@link IOException} says in words why there is none within the time. */
    public String text(URI place, Duration within) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(place)
                .header("Accept", "application/json, application/jwk-set+json")
                .build();
        HttpResponse<byte[]> response = send(request, within);
        if (response.statusCode() != 200) {
            throw new IOException("%s answers with status %d".formatted(place, response.statusCode()));
        }
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    /**
     * The answer to a request, whatever its status; {@link IOException} says in words why there is none within the time.
     * Follows no redirects.
     */
    public HttpResponse<byte[]> send(HttpRequest request, Duration within) throws IOException {
        URI place = request.uri();
        CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(request, head -> new BoundedBody(MOST_BYTES));
        try {
            return answer.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            String why = cause.getMessage() == null ? "nothing answers" : cause.getMessage();
            throw new IOException("cannot fetch %s (%s)".formatted(place, why), cause);
        } catch (TimeoutException e) {
            throw new IOException("%s does not answer in time".formatted(place), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("stopped while fetching " + place);
        } finally {
            answer.cancel(true); // Where it is still on its way.
        }
    }

    private static SSLContext trusting(List<X509Certificate> ca) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {Authorities.only(ca)}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Java cannot trust these certificates", e);
        }
    }
}
