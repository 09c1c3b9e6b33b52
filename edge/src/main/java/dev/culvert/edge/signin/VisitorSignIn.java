package dev.culvert.edge.signin;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.openid.connect.sdk.Prompt;
import dev.culvert.admission.Person;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Hash;
import dev.culvert.edge.ingress.Reply;
import dev.culvert.edge.ingress.SessionCookies;
import dev.culvert.edge.ingress.SignIn;
import dev.culvert.edge.issuers.BoundedThreads;
import dev.culvert.edge.issuers.BusyException;
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
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
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
 * State and session are signed; a session counts at one host alone, as long as it is the same owner's. Targets never see
 * them. Safe for use by any thread.
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

    /** The longest wait for one of them: people have left then. */
    private static final Duration WAIT = Duration.ofSeconds(10);

    /** What the provider says where it is the visitor who would not, or could not (OpenID Connect Core 1.0, 3.1.2.6). */
    private static final Set<String> VISITORS_OWN = Set.of(
            "access_denied",
            "account_selection_required",
            "consent_required",
            "interaction_required",
            "login_required");

    /** Groups that a session names, of 254 characters each at most; one is enough to come in. */
    private static final int MOST_GROUPS = 4;

    private static final int RANDOM_BYTES = 16;
    private static final Pattern RANDOM_TEXT = Pattern.compile("[A-Za-z0-9_-]{22}");
    private static final String HOST = "host";
    private static final String PATH_AND_QUERY = "path";
    private static final String BROWSER = "browser";
    private static final String CHOICE = "choice";
    private static final String GROUPS = "groups";

    /** For who wants to be somebody else: of those that the browser is known as at the provider. */
    private static final Prompt.Type CHOOSE = Prompt.Type.SELECT_ACCOUNT;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final ProviderFile options;
    private final OpenIdProvider provider;
    private final BoundedThreads threads;
    private final UnaryOperator<String> urlOf;
    private final Supplier<String> ownUrl;
    private final Signer sessions;
    private final Signer states;

    private VisitorSignIn(
            ProviderFile options,
            Duration again,
            BoundedThreads threads,
            UnaryOperator<String> urlOf,
            Supplier<String> ownUrl) {
        this.options = options;
        this.provider = new OpenIdProvider(options, again);
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
        return read(vertx, file, Discovery.AGAIN, urlOf, ownUrl);
    }

    /**
     * The same for a test's own patience.
     *
     * @param again how long after a provider was away it is asked again
     */
    static Future<VisitorSignIn> read(
            Vertx vertx, Path file, Duration again, UnaryOperator<String> urlOf, Supplier<String> ownUrl) {
        return vertx.executeBlocking(() -> ProviderFile.read(file), false)
                .recover(fault -> Future.failedFuture(new ConfigException("--sign-in: " + fault.getMessage())))
                .compose(read -> vertx.executeBlocking(
                        () -> {
                            WorkerExecutor workers = vertx.createSharedWorkerExecutor("culvert-sign-in", THREADS);
                            BoundedThreads threads = new BoundedThreads(workers, MOST_WAITING, WAIT);
                            VisitorSignIn signIn = new VisitorSignIn(read, again, threads, urlOf, ownUrl);
                            signIn.sessions.warmUp();
                            return signIn;
                        },
                        false));
    }

    /** Asks the provider nothing more. */
    public Future<Void> close() {
        return threads.close();
    }

    @Override
    public boolean knowsGroups() {
        return options.groups() != null;
    }

    @Override
    public @Nullable Person visitor(Question question) {
        if (!isSecureEnough(question) || FetchMetadata.isOfAnotherOrigin(question, urlOf.apply(question.host()))) {
            return null;
        }
        for (String value :
                SessionCookies.values(question.headers(), SessionCookies.SESSION, isSecure(question.host()))) {
            JWTClaimsSet session = sessions.read(value);
            if (session != null && isInForce(session) && session.getAudience().equals(audience(question))) {
                return new Person(session.getSubject(), groups(session));
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
        if (!FetchMetadata.isPage(question)) {
            return Future.succeededFuture(
                    new Answer(Replies.signInRequired(question.host(), urlOf.apply(question.host()))));
        } else if (!isSecureEnough(question)) {
            return Future.succeededFuture(new Answer(Replies.httpsRequired(urlOf.apply(question.host()) + target)));
        } else if (isPath(SIGN_OUT, target)) {
            return Future.succeededFuture(signedOut(question));
        } else if (!isPath(PATH, target)) {
            return begin(question, target, null);
        }
        Map<String, List<String>> parameters = parameters(target);
        return parameters.containsKey("state") ? finish(question, parameters) : begin(question, "/", CHOOSE);
    }

    @Override
    public @Nullable Answer atOwnHost(String target) {
        if (!isPath(PATH, target)) {
            return null;
        }
        JWTClaimsSet state = state(parameters(target));
        return state == null
                ? new Answer(Replies.broken("It was not begun here.", null))
                : goTo(urlOf.apply(text(state, HOST)) + target);
    }

    private Future<Answer> begin(Question question, String target, Prompt.@Nullable Type prompt) {
        String browser =
                SessionCookies.values(question.headers(), SessionCookies.BROWSER, isSecure(question.host())).stream()
                        .filter(value -> RANDOM_TEXT.matcher(value).matches()) // Others can set one without TLS.
                        .findFirst()
                        .orElseGet(VisitorSignIn::random);
        String state = states.sign(new JWTClaimsSet.Builder()
                .claim(HOST, question.host())
                .claim(PATH_AND_QUERY, target.length() > MOST_PATH_CHARS || !target.startsWith("/") ? "/" : target)
                .claim(BROWSER, Hash.of(browser))
                .claim(CHOICE, CHOOSE.equals(prompt))
                .jwtID(random())
                .expirationTime(Date.from(Instant.now().plus(ANSWER_WITHIN)))
                .build());
        String cookie = SessionCookies.set(SessionCookies.BROWSER, browser, isSecure(question.host()), ANSWER_WITHIN);
        Callable<Answer> answer = () -> new Answer(
                Reply.goOn(provider.question(bond(state), back(), prompt).toString()), List.of(cookie));
        return provider.isKnown() ? atOnce(answer) : ask(answer);
    }

    private Future<Answer> finish(Question question, Map<String, List<String>> parameters) {
        JWTClaimsSet state = state(parameters);
        if (state == null || !text(state, HOST).equals(question.host())) {
            return Future.succeededFuture(new Answer(Replies.broken("It was not begun here.", PATH)));
        } else if (!isInForce(state)) {
            return begin(question, text(state, PATH_AND_QUERY), null);
        }
        boolean sameBrowser =
                SessionCookies.values(question.headers(), SessionCookies.BROWSER, isSecure(question.host())).stream()
                        .anyMatch(browser -> Hash.of(browser).equals(text(state, BROWSER)));
        if (!sameBrowser) {
            return Future.succeededFuture(
                    new Answer(Replies.broken("It was begun in another browser, or this one keeps no cookies.", PATH)));
        }
        String code = first(parameters, "code");
        if (code == null || code.isBlank()) {
            String error = first(parameters, "error");
            if (Boolean.TRUE.equals(state.getClaim(CHOICE)) && !"access_denied".equals(error)) {
                // Not all providers let people choose; all ask for a name when they are told to.
                return begin(question, text(state, PATH_AND_QUERY), Prompt.Type.LOGIN);
            }
            if (error != null && !VISITORS_OWN.contains(error)) {
                // Any visitor can write here what he likes.
                LOGGER.atWarn()
                        .addKeyValue("issuer", options.issuer())
                        .addKeyValue("error", error.matches("\\w{1,40}") ? error : "?")
                        .log("the identity provider has sent a visitor back with an error");
            }
            String why = first(parameters, "error_description");
            return Future.succeededFuture(new Answer(Replies.refused(
                    why != null || error != null ? "it says: " + (why == null ? error : why) : "it says nothing")));
        }
        OpenIdProvider.Bond bond = bond(String.valueOf(first(parameters, "state")));
        return ask(() -> signedIn(question, text(state, PATH_AND_QUERY), provider.who(code, bond, back())));
    }

    private Answer signedIn(Question question, String path, Person who) {
        // Some people belong to hundreds of groups, and browsers keep no cookie of more than 4 KiB.
        List<String> groups = who.groups().stream()
                .filter(question.people().groups()::contains)
                .limit(MOST_GROUPS)
                .toList();
        String session = sessions.sign(new JWTClaimsSet.Builder()
                .subject(who.name())
                .claim(GROUPS, groups.isEmpty() ? null : groups)
                .audience(audience(question))
                .expirationTime(Date.from(Instant.now().plus(options.session())))
                .build());
        LOGGER.atDebug().addKeyValue("host", question.host()).log("a visitor has signed in");
        String cookie =
                SessionCookies.set(SessionCookies.SESSION, session, isSecure(question.host()), options.session());
        return new Answer(Reply.goOn(urlOf.apply(question.host()) + path), List.of(cookie));
    }

    private Answer signedOut(Question question) {
        String cookie = SessionCookies.set(SessionCookies.SESSION, "", isSecure(question.host()), Duration.ZERO);
        return new Answer(Replies.signedOut(), List.of(cookie));
    }

    /** Runs it on a thread that may wait for the provider. */
    private Future<Answer> ask(Callable<Answer> action) {
        return threads.run(action).recover(this::recovered);
    }

    private Future<Answer> atOnce(Callable<Answer> action) {
        try {
            return Future.succeededFuture(action.call());
        } catch (Exception e) {
            return recovered(e);
        }
    }

    private Future<Answer> recovered(Throwable fault) {
        return Future.succeededFuture(new Answer(reply(fault)));
    }

    private static Reply reply(Throwable fault) {
        if (fault instanceof BusyException busy) {
            return busy.why() == BusyException.Why.CLOSED ? Replies.away() : Replies.tooMany();
        } else if (fault instanceof SignInException known) {
            return known.isVisitorsOwn() ? Replies.refused(String.valueOf(known.getMessage())) : Replies.away();
        }
        LOGGER.atError().setCause(fault).log("a visitor could not sign in");
        return Replies.away();
    }

    private static Answer goTo(String url) {
        return new Answer(Reply.goOn(url));
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

    private static boolean isInForce(JWTClaimsSet claims) {
        Date end = claims.getExpirationTime();
        return end != null && end.toInstant().isAfter(Instant.now());
    }

    /** Of the query; none where it makes no sense. */
    private static Map<String, List<String>> parameters(String target) {
        try {
            return new QueryStringDecoder(target).parameters();
        } catch (IllegalArgumentException e) {
            return Map.of();
        }
    }

    private static boolean isPath(String path, String target) {
        return target.equals(path) || target.startsWith(path + "?");
    }

    private static Set<String> groups(JWTClaimsSet session) {
        try {
            List<String> groups = session.getStringListClaim(GROUPS);
            return groups == null ? Set.of() : Set.copyOf(groups);
        } catch (ParseException e) {
            throw new IllegalStateException("it was signed here as a list of texts", e);
        }
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

    private static List<String> audience(Question question) {
        return List.of(question.host(), Hash.of(question.owner())); // Visitors can read it.
    }

    private static String random() {
        byte[] random = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }
}
