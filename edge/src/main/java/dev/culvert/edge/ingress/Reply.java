package dev.culvert.edge.ingress;

import dev.culvert.config.Durations;
import dev.culvert.wire.CloseReason;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An answer of the edge's own, in a target's stead.
 *
 * @param status the status
 * @param code what {@code Culvert-Error} says; stable, for programs
 * @param title what happened, in a few words
 * @param text the same in sentences that say what to do
 * @param retryAfterSeconds when trying again makes sense; 0 for no word on it
 * @param link where to go on: shown, or gone to at once where the status is of that kind; null for nowhere
 */
public record Reply(
        HttpResponseStatus status,
        String code,
        String title,
        String text,
        int retryAfterSeconds,
        @Nullable String link) {

    private static final int RETRY_SECONDS = 5;

    private Reply(HttpResponseStatus status, String code, String title, String text, int retryAfterSeconds) {
        this(status, code, title, text, retryAfterSeconds, null);
    }

    static Reply malformed(String found) {
        return of(HttpResponseStatus.BAD_REQUEST, "malformed_request", "Malformed request", found);
    }

    static Reply headTooLarge() {
        return of(
                HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                "Request head too large",
                "The fields of a request may have %d KiB together, and be %d at most."
                        .formatted(RequestDecoder.MAX_FIELDS_BYTES / 1024, FieldRoom.MOST));
    }

    static Reply lineTooLong() {
        return of(
                HttpResponseStatus.REQUEST_URI_TOO_LONG,
                "target_too_long",
                "Address too long",
                "The first line of a request may have %d KiB.".formatted(RequestDecoder.MAX_LINE_BYTES / 1024));
    }

    static Reply tooSlow() {
        return of(
                HttpResponseStatus.REQUEST_TIMEOUT,
                "head_too_slow",
                "Request too slow",
                "The head of the request did not arrive in time.");
    }

    static Reply tooManyRequests(long waitSeconds) {
        return new Reply(
                HttpResponseStatus.TOO_MANY_REQUESTS,
                "too_many_requests",
                "Too many requests",
                "Your address asks for more than this edge allows. Try again in %d s.".formatted(waitSeconds),
                (int) waitSeconds);
    }

    static Reply tunnelBusy(String host, long waitSeconds) {
        return new Reply(
                HttpResponseStatus.TOO_MANY_REQUESTS,
                "tunnel_busy",
                "Too many visitors at once",
                "More is asked of %s than it takes. Try again in %d s.".formatted(host, waitSeconds),
                (int) waitSeconds);
    }

    static Reply registryBusy() {
        return new Reply(
                HttpResponseStatus.TOO_MANY_REQUESTS,
                "registry_busy",
                "Too many unknown names",
                "More names that nobody has are being asked for than this edge looks up. Try again in a second.",
                1);
    }

    static Reply notAdmitted(String host, InetAddress visitor) {
        return of(
                HttpResponseStatus.FORBIDDEN,
                "address_not_admitted",
                "Not from there",
                "%s lets in visitors of certain networks only, and %s is in none of them."
                        .formatted(host, NetUtil.toAddressString(visitor)));
    }

    static Reply edgeTooOld(String host) {
        return new Reply(
                HttpResponseStatus.SERVICE_UNAVAILABLE,
                "edge_too_old",
                "Edge is too old for this tunnel",
                ("%s restricts its visitors in a way that this edge does not know, because it is of an earlier release."
                                + " Whoever runs it is most likely about to upgrade it.")
                        .formatted(host),
                RETRY_SECONDS);
    }

    static Reply passwordRequired(String host) {
        return of(
                HttpResponseStatus.UNAUTHORIZED,
                "password_required",
                "Password required",
                "%s asks for a name and a password.".formatted(host));
    }

    static Reply passwordWrong(String host) {
        return of(
                HttpResponseStatus.UNAUTHORIZED,
                "password_wrong",
                "Wrong name or password",
                "%s does not know this name with this password.".formatted(host));
    }

    static Reply tooManyPasswords(long waitSeconds) {
        return new Reply(
                HttpResponseStatus.TOO_MANY_REQUESTS,
                "too_many_passwords",
                "Too many wrong passwords",
                "Too many wrong passwords came from your address. Try again in %d s.".formatted(waitSeconds),
                (int) waitSeconds);
    }

    /** To another place, by GET whatever it was. */
    public static Reply goOn(String url) {
        return new Reply(HttpResponseStatus.SEE_OTHER, "go_on", "Go on there", "It goes on at:", 0, url);
    }

    static Reply noSignIn(String host) {
        return of(
                HttpResponseStatus.SERVICE_UNAVAILABLE,
                "sign_in_unavailable",
                "Nobody can sign in",
                "%s asks its visitors to sign in, and this edge has no identity provider to do it with."
                        .formatted(host));
    }

    static Reply notOneOfThem(String host, String who, String again) {
        return new Reply(
                HttpResponseStatus.FORBIDDEN,
                "person_not_admitted",
                "Not for you",
                "%s lets in certain people only, and %s is none of them. Sign in again, or as somebody else:"
                        .formatted(host, who),
                0,
                again);
    }

    static Reply unknown(String label, String host) {
        return of(
                HttpResponseStatus.NOT_FOUND,
                "tunnel_not_found",
                "No tunnel here",
                "Nobody has a tunnel called %s. To start one: culvert http 3000 --name %s".formatted(host, label));
    }

    static Reply notServed(String host) {
        return of(
                HttpResponseStatus.MISDIRECTED_REQUEST,
                "host_not_served",
                "Host not served here",
                "This edge does not serve %s. It serves tunnels one label under its own domain.".formatted(host));
    }

    static Reply byTlsAlone(String host) {
        return of(
                HttpResponseStatus.MISDIRECTED_REQUEST,
                "tls_at_target",
                "Speak TLS with the target",
                "TLS for %s ends at the target itself: come by https, at the edge's port for TLS.".formatted(host));
    }

    static Reply speakTls(String url) {
        return of(
                HttpResponseStatus.BAD_REQUEST,
                "tls_required",
                "This port speaks TLS",
                "The request came as plain HTTP. Use %s".formatted(url));
    }

    static Reply redirect(String url) {
        return new Reply(
                HttpResponseStatus.PERMANENT_REDIRECT, "use_https", "It is over there", "It is by HTTPS:", 0, url);
    }

    static Reply notALane(String text) {
        return of(HttpResponseStatus.BAD_REQUEST, "not_a_lane", "Not a lane", text);
    }

    static Reply laneRefused(String text) {
        return of(HttpResponseStatus.FORBIDDEN, "lane_refused", "Lane refused", text);
    }

    static Reply onlyWebSocket() {
        return of(
                HttpResponseStatus.UPGRADE_REQUIRED,
                "websocket_required",
                "Agents only",
                "Agents connect here, by WebSocket (version 13, over HTTP/1.1). To be one: culvert http 3000 --edge URL");
    }

    static Reply notHere() {
        return of(HttpResponseStatus.NOT_FOUND, "page_not_found", "No such page", "This edge has no such page.");
    }

    static Reply offline(String host) {
        return new Reply(
                HttpResponseStatus.SERVICE_UNAVAILABLE,
                "tunnel_offline",
                "Tunnel is offline",
                "%s is known, but its agent is not connected right now. It may be back in a moment.".formatted(host),
                RETRY_SECONDS);
    }

    /** A stream ended before there was an answer. The detail comes from the agent: text, not markup. */
    static Reply of(CloseReason reason, String detail) {
        String because = detail.isEmpty() ? "" : " (" + detail + ")";
        return switch (reason) {
            case TARGET_REFUSED ->
                badGateway(
                        "target_refused",
                        "Target refused the connection",
                        "The agent is connected, but it cannot reach its target%s. Is the local server running?"
                                .formatted(because));
            case TARGET_FAILED ->
                badGateway(
                        "target_failed",
                        "Target broke off",
                        "The target closed the connection without an answer%s.".formatted(because));
            case OVERLOADED ->
                new Reply(
                        HttpResponseStatus.SERVICE_UNAVAILABLE,
                        "overloaded",
                        "Too much at once",
                        "There is more to carry than there is room for%s.".formatted(because),
                        RETRY_SECONDS);
            default ->
                badGateway(
                        reason.label(),
                        "Connection to the agent was lost",
                        "The request may or may not have reached the target%s.".formatted(because));
        };
    }

    static Reply loop(String host) {
        return of(
                new HttpResponseStatus(508, "Loop Detected"),
                "loop",
                "It comes back again and again",
                "The request has been through %d tunnels and is here again: the target of %s leads back to it. Name the port of your own application as the target."
                        .formatted(LoopMark.MOST, host));
    }

    static Reply tooLate(Duration waited) {
        return of(
                HttpResponseStatus.GATEWAY_TIMEOUT,
                "target_too_late",
                "Target takes too long",
                "The target has the request and did not begin to answer within %s, as long as it may take."
                        .formatted(Durations.format(waited)));
    }

    static Reply badAnswer(String found) {
        return badGateway("bad_answer", "Target's answer makes no sense", "The target sent " + found + ".");
    }

    static Reply internal() {
        return of(
                HttpResponseStatus.INTERNAL_SERVER_ERROR,
                "internal",
                "Fault in the edge",
                "Something went wrong in the edge itself; its log says what.");
    }

    private static Reply badGateway(String code, String title, String text) {
        return of(HttpResponseStatus.BAD_GATEWAY, code, title, text);
    }

    private static Reply of(HttpResponseStatus status, String code, String title, String text) {
        return new Reply(status, code, title, text, 0);
    }
}
