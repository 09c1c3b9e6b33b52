package dev.culvert.edge.signin;

import dev.culvert.edge.ingress.Reply;
import dev.culvert.edge.ingress.SignIn;
import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/** What people are told who sign in. */
final class Replies {
    private static final int RETRY_SECONDS = 5;

    private Replies() {}

    /** For who is no browser at a page. */
    static Reply signInRequired(String host, String url) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "sign_in_required",
                "Sign-in required",
                "%s lets in people who have signed in, with a browser that shows pages; programs come in by a password (Basic), where it has one. Sign in there:"
                        .formatted(host),
                0,
                url + "/");
    }

    /** What came back from the provider belongs to nothing that was begun. */
    static Reply broken(String why, @Nullable String again) {
        return new Reply(
                HttpResponseStatus.BAD_REQUEST,
                "sign_in_broken",
                "This sign-in cannot be finished",
                why + (again == null ? " Begin at the page that you want to see." : " To begin anew:"),
                0,
                again);
    }

    static Reply refused(String why) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "sign_in_refused",
                "Not signed in",
                "The identity provider has not let you in: %s. To try again:".formatted(why),
                0,
                SignIn.PATH);
    }

    /** No redirect: a proxy before the edge may say of visitors by TLS that they came without, and would for ever. */
    static Reply httpsRequired(String url) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "https_required",
                "By HTTPS only",
                "Nobody can sign in over a connection on which others read along. If you are at the page below already, the"
                        + " proxy before this edge has to say so (X-Forwarded-Proto). Go on there:",
                0,
                url);
    }

    static Reply signedOut() {
        return new Reply(HttpResponseStatus.OK, "signed_out", "Signed out", "To sign in again:", 0, SignIn.PATH);
    }

    static Reply away() {
        return unavailable(HttpResponseStatus.BAD_GATEWAY, "the edge's log says why");
    }

    static Reply tooMany() {
        return unavailable(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many visitors sign in at once");
    }

    private static Reply unavailable(HttpResponseStatus status, String why) {
        return new Reply(
                status,
                "sign_in_unavailable",
                "Nobody can sign in at the moment",
                "The identity provider cannot be asked: %s.".formatted(why),
                RETRY_SECONDS,
                null);
    }
}
