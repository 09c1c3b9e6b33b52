package dev.culvert.agent.localtunnel;

import dev.culvert.agent.Software;
import dev.culvert.agent.localtunnel.RegistrationException.Kind;
import dev.culvert.agent.target.ConnectFault;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Asks a localtunnel server for tunnels. What it answers may come on another thread than that of the question. */
final class Registrar {
    /** How long a server may take to accept: two lost SYNs on a long path. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    /** How long it may take to answer in all, redirects included: some open a port first. */
    private static final int ANSWER_SECONDS = 15;

    /** What is read of an answer at most: a tunnel needs 200 bytes. */
    private static final int MOST_ANSWER_BYTES = 64 * 1024;

    /** What is told of the server's words at most. */
    private static final int MOST_MESSAGE_CHARS = 500;

    private static final int MOST_REDIRECTS = 5;

    /** The longest that a server is left alone because it asks for it. */
    private static final Duration MOST_PATIENCE = Duration.ofMinutes(2);

    private final Vertx vertx;
    private final LocaltunnelOptions options;

    Registrar(Vertx vertx, LocaltunnelOptions options) {
        this.vertx = vertx;
        this.options = options;
    }

    /**
     * Asks for a tunnel. Where the name is in use, servers give one with another name.
     *
     * @param name the name to ask for; null for any
     * @return fails with {@link RegistrationException}
     */
    Future<Registration> register(@Nullable String name) {
        // One for each try: closed, it ends whatever is still under way.
        HttpClient client = vertx.createHttpClient(new HttpClientOptions()
                .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis())
                .setKeepAlive(false)
                .setMaxRedirects(MOST_REDIRECTS));
        RequestOptions request = new RequestOptions()
                .setMethod(HttpMethod.GET)
                .setAbsoluteURI(options.server() + (name == null ? "/?new" : "/" + name))
                .setFollowRedirects(true)
                // Servers show a page to whoever accepts HTML.
                .putHeader("Accept", "application/json")
                .putHeader("User-Agent", "culvert-agent/" + Software.VERSION);
        return client.request(request)
                .compose(asked -> asked.send())
                .compose(response -> body(response).map(body -> read(response, body)))
                .timeout(ANSWER_SECONDS, TimeUnit.SECONDS)
                .eventually(client::close)
                .recover(failure -> Future.failedFuture(inWords(failure)));
    }

    private Future<Buffer> body(HttpClientResponse response) {
        Promise<Buffer> whole = Promise.promise();
        Buffer body = Buffer.buffer();
        response.handler(piece -> {
            if (body.length() + piece.length() <= MOST_ANSWER_BYTES) {
                body.appendBuffer(piece);
            } else {
                whole.tryFail(noLocaltunnel("its answer is too long"));
            }
        });
        response.exceptionHandler(whole::tryFail);
        response.endHandler(ended -> whole.tryComplete(body));
        return whole.future();
    }

    private Registration read(HttpClientResponse response, Buffer body) {
        int status = response.statusCode();
        if (status == 200) {
            try {
                return Registration.of(new JsonObject(body), options.serverHost());
            } catch (DecodeException e) {
                throw noLocaltunnel("what it says is no JSON object");
            } catch (IllegalArgumentException e) {
                throw noLocaltunnel(String.valueOf(e.getMessage()));
            }
        }
        Optional<String> words = message(body);
        if (status == 429 || status >= 500) {
            throw new RegistrationException(
                    Kind.UNAVAILABLE,
                    "%s cannot now: %s".formatted(options.server(), words.orElse("status " + status)),
                    patience(response));
        }
        if (words.isPresent()) {
            throw new RegistrationException(Kind.REFUSED, "%s says: %s".formatted(options.server(), words.get()));
        }
        throw noLocaltunnel("status " + status);
    }

    /** What a server says about a refusal, {@code {"message"}}. */
    private static Optional<String> message(Buffer body) {
        try {
            return Optional.ofNullable(new JsonObject(body).getValue("message"))
                    .filter(String.class::isInstance)
                    .map(message -> (String) message)
                    .filter(message -> !message.isBlank())
                    .map(message -> message.strip().lines().findFirst().orElse(""))
                    .map(message -> message.substring(0, Math.min(message.length(), MOST_MESSAGE_CHARS)));
        } catch (DecodeException e) {
            return Optional.empty();
        }
    }

    private static Duration patience(HttpClientResponse response) {
        String seconds = Objects.requireNonNullElse(response.getHeader("Retry-After"), "");
        if (!seconds.matches("[0-9]{1,6}")) {
            return Duration.ZERO; // Or a date, which nobody sends.
        }
        Duration asked = Duration.ofSeconds(Long.parseLong(seconds));
        return asked.compareTo(MOST_PATIENCE) < 0 ? asked : MOST_PATIENCE;
    }

    private RegistrationException inWords(Throwable failure) {
        if (failure instanceof RegistrationException already) {
            return already;
        }
        if (is(failure, SSLException.class)) {
            return noLocaltunnel("no TLS, or a certificate that is not trusted: %s".formatted(failure.getMessage()));
        }
        return new RegistrationException(
                Kind.UNAVAILABLE, "no answer from %s (%s)".formatted(options.server(), reason(failure)));
    }

    private RegistrationException noLocaltunnel(String why) {
        return new RegistrationException(
                Kind.NO_LOCALTUNNEL,
                "%s answers, but not as a localtunnel server does (%s)".formatted(options.server(), why));
    }

    /** Why a connection failed, in a few words. */
    static String reason(Throwable failure) {
        if (is(failure, UnknownHostException.class)) {
            return "no such host";
        }
        String lower = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        if (is(failure, TimeoutException.class) || lower.contains("timed out") || lower.contains("timeout")) {
            return "not within %d s"
                    .formatted(is(failure, ConnectException.class) ? CONNECT_TIMEOUT.toSeconds() : ANSWER_SECONDS);
        }
        return ConnectFault.inWords(failure, CONNECT_TIMEOUT);
    }

    private static boolean is(Throwable failure, Class<? extends Throwable> type) {
        return ConnectFault.cause(failure, type).isPresent();
    }
}
