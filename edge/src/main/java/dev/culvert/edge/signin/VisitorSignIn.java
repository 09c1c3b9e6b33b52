package dev.culvert.edge.signin;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.openid.connect.sdk.Prompt;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Hash;
import dev.culvert.edge.ingress.Reply;
import dev.culvert.edge.ingress.SignIn;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets visitors sign in with an {@linkplain OpenIdProvider identity provider}. No node keeps anything of it, so that each step
 * may be at another one:
 *
 * <pre>
 *   visitor ──► shop.example.com/page      no session: state and a cookie, and on to
 *           ──► the provider               who knows where to send it back to: one place for all tunnels
 *           ──► example.com/.culvert/sign-in?code&amp;state         the state says which tunnel it was
 *           ──► shop.example.com/.culvert/sign-in?code&amp;state    same browser; the code is changed for who it is
 *           ──► shop.example.com/page      with a session
 * </pre>
 *
 * State and session are signed; a session counts at one host alone. The target never sees them. Safe for use by any thread.
 */
public final class VisitorSignIn implements SignIn {
    private static final Logger LOGGER = LoggerFactory.getLogger(VisitorSignIn.class);

    /** Ends the session of a browser. */
    private static final String SIGN_OUT = "/.culvert/sign-out";

    /** From the question to the answer: somebody looks for a telephone to confirm it. */
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(15);

    /** The longest path that a visitor is led back to: it goes through the provider's address, and those have bounds. */
    private static final int MOST_PATH_CHARS = 1024;

    /** Threads that wait for the provider. */
    private static final int THREADS = 4;

    /** Visitors who wait for them; more are asked to come again. */
    private static final int MOST_WAITING = 256;

    private static final int RETRY_SECONDS = 5;
    private static final int BROWSER_BYTES = 16;
    private static final String HOST = "host";
    private static final String PATH_AND_QUERY = "path";
    private static final String BROWSER = "browser";
    private static final String CHOICE = "choice";

    /** For who wants to be somebody else: of those that the browser is known as at the provider. */
    private static final Prompt.Type CHOOSE = Prompt.Type.SELECT_ACCOUNT;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final ProviderFile options;
    private final OpenIdProvider provider;
    private final WorkerExecutor threads;
    private final UnaryOperator<String> urlOf;
    private final Supplier<String> ownUrl;
    private final Signer sessions;
    private final Signer states;
    private final AtomicInteger waiting = new AtomicInteger();

    private VisitorSignIn(
            ProviderFile options, WorkerExecutor threads, UnaryOperator<String> urlOf, Supplier<String> ownUrl) {
        this.options = options;
        this.provider = new OpenIdProvider(options);
        this.threads = threads;
        this.urlOf = urlOf;
        this.ownUrl = ownUrl;
        this.sessions = Signer.of(options, "session");
        this.states = Signer.of(options, "state");
    }

    /**
     * Reads the operator's file.
     *
     * @param urlOf where visitors find the host of a tunnel, without a slash at the end
     * @param ownUrl where they find the edge's own host, likewise; asked once visitors come
     * @return fails with a {@link ConfigException}
     */
    public static Future<VisitorSignIn> read(
            Vertx vertx, Path file, UnaryOperator<String> urlOf, Supplier<String> ownUrl) {
        return vertx.executeBlocking(() -> ProviderFile.read(file), false)
                .recover(fault -> Future.failedFuture(new ConfigException("--sign-in: " + fault.getMessage())))
                .map(read -> new VisitorSignIn(
                        read, vertx.createSharedWorkerExecutor("culvert-sign-in", THREADS), urlOf, ownUrl));
    }

    /** Asks the provider nothing more. */
    public Future<Void> close() {
        return threads.close();
    }

    @Override
    public @Nullable String visitor(Question question) {
        if (!isSecureEnough(question) || isOfAnotherSite(question)) {
            return null;
        }
        for (String value : Cookies.values(question.headers(), Cookies.SESSION, isSecure(question.host()))) {
            JWTClaimsSet session = sessions.read(value);
            if (session != null && isInForce(session) && session.getAudience().equals(List.of(question.host()))) {
                return session.getSubject();
            }
        }
        return null;
    }

    @Override
    public boolean isOwnPath(String target) {
        return isPath(PATH, target) || isPath(SIGN_OUT, target);
    }

    @Override
    public Future<Answer> answer(Question question) {
        String target = question.target();
        if (isPath(SIGN_OUT, target)) {
            return Future.succeededFuture(signedOut(question));
        } else if (!isPage(question)) {
            return Future.succeededFuture(new Answer(signInRequired(question.host())));
        } else if (!isSecureEnough(question)) {
            return Future.succeededFuture(goTo(urlOf.apply(question.host()) + target));
        } else if (!isPath(PATH, target)) {
            return begin(question, target, null);
        }
        Map<String, List<String>> parameters = new QueryStringDecoder(target).parameters();
        return parameters.containsKey("state") ? finish(question, parameters) : begin(question, "/", CHOOSE);
    }

    @Override
    public @Nullable Answer atOwnHost(String target) {
        if (!isPath(PATH, target)) {
            return null;
        }
        JWTClaimsSet state = state(new QueryStringDecoder(target).parameters());
        return state == null
                ? new Answer(broken("It was not begun here.", null))
                : goTo(urlOf.apply(text(state, HOST)) + target);
    }

    @Override
    public void hide(HttpHeaders targets) {
        Cookies.hide(targets);
    }

    /** Whom the provider calls a page, a person looks at; a program, or a script of a page, has no use for the provider's. */
    private static boolean isPage(Question question) {
        String mode = question.headers().get("sec-fetch-mode");
        String accept = question.headers().get(HttpHeaderNames.ACCEPT);
        return (question.method().equals(HttpMethod.GET) || question.method().equals(HttpMethod.HEAD))
                && (mode == null || mode.equals("navigate"))
                && accept != null
                && accept.contains("text/html");
    }

    private Future<Answer> begin(Question question, String target, Prompt.@Nullable Type prompt) {
        String browser = Cookies.values(question.headers(), Cookies.BROWSER, isSecure(question.host())).stream()
                .findFirst()
                .orElseGet(() -> random(BROWSER_BYTES));
        String state = states.sign(new JWTClaimsSet.Builder()
                .claim(HOST, question.host())
                .claim(PATH_AND_QUERY, target.length() > MOST_PATH_CHARS || !target.startsWith("/") ? "/" : target)
                .claim(BROWSER, Hash.of(browser))
                .claim(CHOICE, CHOOSE.equals(prompt))
                .jwtID(random(BROWSER_BYTES))
                .expirationTime(Date.from(Instant.now().plus(ANSWER_WITHIN)))
                .build());
        String cookie = Cookies.set(Cookies.BROWSER, browser, isSecure(question.host()), ANSWER_WITHIN);
        return ask(() -> new Answer(
                Reply.goOn(provider.question(bond(state), back(), prompt).toString()), List.of(cookie)));
    }

    private Future<Answer> finish(Question question, Map<String, List<String>> parameters) {
        JWTClaimsSet state = state(parameters);
        if (state == null || !text(state, HOST).equals(question.host())) {
            return Future.succeededFuture(new Answer(broken("It was not begun here.", PATH)));
        } else if (!isInForce(state)) {
            return begin(question, text(state, PATH_AND_QUERY), null);
        }
        boolean sameBrowser = Cookies.values(question.headers(), Cookies.BROWSER, isSecure(question.host())).stream()
                .anyMatch(browser -> Hash.of(browser).equals(text(state, BROWSER)));
        if (!sameBrowser) {
            return Future.succeededFuture(
                    new Answer(broken("It was begun in another browser, or this one keeps no cookies.", PATH)));
        }
        String code = first(parameters, "code");
        if (code == null) {
            String error = first(parameters, "error");
            if (Boolean.TRUE.equals(state.getClaim(CHOICE)) && !"access_denied".equals(error)) {
                // Not all providers let people choose; all ask for a name when they are told to.
                return begin(question, text(state, PATH_AND_QUERY), Prompt.Type.LOGIN);
            }
            String why = first(parameters, "error_description");
            return Future.succeededFuture(new Answer(refused("it says: " + (why == null ? error : why))));
        }
        OpenIdProvider.Bond bond = bond(String.valueOf(first(parameters, "state")));
        return ask(() -> signedIn(question, text(state, PATH_AND_QUERY), provider.who(code, bond, back())));
    }

    private Answer signedIn(Question question, String path, String who) {
        String session = sessions.sign(new JWTClaimsSet.Builder()
                .subject(who)
                .audience(question.host())
                .expirationTime(Date.from(Instant.now().plus(options.session())))
                .build());
        LOGGER.atDebug().addKeyValue("host", question.host()).log("a visitor has signed in");
        String cookie = Cookies.set(Cookies.SESSION, session, isSecure(question.host()), options.session());
        return new Answer(Reply.goOn(urlOf.apply(question.host()) + path), List.of(cookie));
    }

    private Answer signedOut(Question question) {
        Reply reply = new Reply(HttpResponseStatus.OK, "signed_out", "Signed out", "To sign in again:", 0, PATH);
        String cookie = Cookies.set(Cookies.SESSION, "", isSecure(question.host()), Duration.ZERO);
        return new Answer(reply, List.of(cookie));
    }

    /** Runs it on a thread that may wait for the provider. */
    private Future<Answer> ask(Callable<Answer> action) {
        if (waiting.incrementAndGet() > MOST_WAITING) {
            waiting.decrementAndGet();
            return Future.succeededFuture(
                    new Answer(away("too many visitors sign in at once", HttpResponseStatus.SERVICE_UNAVAILABLE)));
        }
        return threads.executeBlocking(action, false)
                .onComplete(done -> waiting.decrementAndGet())
                .recover(fault -> Future.succeededFuture(new Answer(reply(fault))));
    }

    private Reply reply(Throwable fault) {
        if (fault instanceof SignInException known && !known.isProviderAway()) {
            return refused(String.valueOf(known.getMessage()));
        }
        LOGGER.atWarn()
                .addKeyValue("issuer", options.issuer())
                .addKeyValue("fault", fault.getMessage())
                .log("the identity provider cannot be asked; nobody can sign in");
        return away("the edge's log says why", HttpResponseStatus.BAD_GATEWAY);
    }

    private static Answer goTo(String url) {
        return new Answer(Reply.goOn(url));
    }

    private Reply signInRequired(String host) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "sign_in_required",
                "Sign-in required",
                "%s lets in people who have signed in, with a browser that shows pages, and no others. Sign in there:"
                        .formatted(host),
                0,
                urlOf.apply(host) + "/");
    }

    private static Reply broken(String why, @Nullable String again) {
        return new Reply(
                HttpResponseStatus.BAD_REQUEST,
                "sign_in_broken",
                "This sign-in cannot be finished",
                why + (again == null ? " Begin at the page that you want to see." : " To begin anew:"),
                0,
                again);
    }

    private static Reply refused(String why) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "sign_in_refused",
                "Not signed in",
                "The identity provider has not let you in: %s. To try again:".formatted(why),
                0,
                PATH);
    }

    private static Reply away(String why, HttpResponseStatus status) {
        return new Reply(
                status,
                "sign_in_unavailable",
                "Nobody can sign in at the moment",
                "The identity provider cannot be asked: %s.".formatted(why),
                RETRY_SECONDS,
                null);
    }

    /** Of the state alone, so that nobody has to keep it. */
    private OpenIdProvider.Bond bond(String state) {
        return new OpenIdProvider.Bond(state, states.derive("nonce " + state), states.derive("verifier " + state));
    }

    private URI back() {
        return URI.create(ownUrl.get() + PATH);
    }

    private @Nullable JWTClaimsSet state(Map<String, List<String>> parameters) {
        String state = first(parameters, "state");
        return state == null ? null : states.read(state);
    }

    private boolean isSecure(String host) {
        return urlOf.apply(host).startsWith("https:");
    }

    /** Where a host is by HTTPS, what comes otherwise has been seen by others. */
    private boolean isSecureEnough(Question question) {
        return question.secure() || !isSecure(question.host());
    }

    /**
     * Whether a page of another host has made the request, in the name of who looks at it. Other people's tunnels are
     * neighbours of this one, and browsers send them its cookies (they are of one site). A link is followed by people.
     */
    private static boolean isOfAnotherSite(Question question) {
        HttpHeaders headers = question.headers();
        String site = headers.get("sec-fetch-site");
        if (site != null) {
            boolean link = "navigate".equals(headers.get("sec-fetch-mode"))
                    && (question.method().equals(HttpMethod.GET)
                            || question.method().equals(HttpMethod.HEAD));
            return !site.equals("same-origin") && !site.equals("none") && !link;
        }
        String origin = headers.get(HttpHeaderNames.ORIGIN); // Of browsers that do not say it in so many words.
        try {
            return origin != null
                    && !question.host().equalsIgnoreCase(URI.create(origin).getHost());
        } catch (IllegalArgumentException e) {
            return true;
        }
    }

    private static boolean isInForce(JWTClaimsSet claims) {
        Date end = claims.getExpirationTime();
        return end != null && end.toInstant().isAfter(Instant.now());
    }

    private static boolean isPath(String path, String target) {
        return target.equals(path) || target.startsWith(path + "?");
    }

    private static String text(JWTClaimsSet claims, String name) {
        try {
            return String.valueOf(claims.getStringClaim(name));
        } catch (ParseException e) {
            throw new IllegalStateException("it was signed here as a text", e);
        }
    }

    private static @Nullable String first(Map<String, List<String>> parameters, String name) {
        List<String> values = parameters.getOrDefault(name, List.of());
        return values.isEmpty() ? null : values.get(0);
    }

    private static String random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }
}
