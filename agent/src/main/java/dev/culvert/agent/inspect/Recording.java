package dev.culvert.agent.inspect;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One request to a target and what came of it.
 *
 * <pre>
 *   {@link State#OPEN} ──answered()──► {@link State#DONE}
 *     └──over()──► {@link State#FAILED}, or DONE where the protocol was changed
 * </pre>
 *
 * <p>Made on any thread; from then on in the hands of {@link Recordings} and on its thread.
 */
final class Recording {
    private final long id;
    private final Origin origin;
    private final RequestHead request;
    private final long startedAtMillis;
    private final long startedNanos;
    private final Recordings recordings;
    private final Body requestBody = new Body();
    private final Body responseBody = new Body();
    private final Messages messages = new Messages();
    private Fields requestTrailers = Fields.NONE;
    private Fields responseTrailers = Fields.NONE;
    private boolean requestWhole;
    private @Nullable ResponseHead response;
    private boolean upgraded;
    private long firstByteMicros;
    private long totalMicros;
    private State state = State.OPEN;
    private String reason = "";
    private boolean forgotten;
    private int size;

    /** How far it has come. */
    enum State {
        /** Under way. */
        OPEN,
        /** The response is over; or both ends have closed what was upgraded. */
        DONE,
        /** It did not come to its end. */
        FAILED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Where a request comes from and goes to.
     *
     * @param tunnel the tunnel's key in the registry
     * @param host the public host name
     * @param target what the target is called
     * @param visitor the visitor's address; empty for a replay
     * @param replayOf the recording whose request was sent again; null for a visitor's own
     */
    record Origin(
            String tunnel,
            String host,
            String target,
            String visitor,
            @Nullable Long replayOf) {}

    Recording(Recordings recordings, long id, Origin origin, RequestHead request, long startedNanos) {
        this.recordings = recordings;
        this.id = id;
        this.origin = origin;
        this.request = request;
        this.startedNanos = startedNanos;
        this.startedAtMillis = System.currentTimeMillis() - (System.nanoTime() - startedNanos) / 1_000_000;
        this.size = request.path().length() + request.fields().size();
    }

    // What happens, in this order.

    void requestBytes(byte[] kept, int passed) {
        if (!forgotten) {
            requestBody.add(kept, passed);
            grow(kept.length);
        }
    }

    void requested(Fields trailers) {
        requestTrailers = trailers;
        requestWhole = true;
        grow(trailers.size());
    }

    void responded(ResponseHead head, boolean changesProtocol, long nanos) {
        response = head;
        upgraded = changesProtocol;
        firstByteMicros = micros(nanos);
        grow(head.fields().size());
    }

    void responseBytes(byte[] kept, int passed) {
        if (!forgotten) {
            responseBody.add(kept, passed);
            grow(kept.length);
        }
    }

    /** Of a WebSocket. */
    void messages(List<WebSocketMessage> latest, long passed) {
        if (!forgotten) {
            grow(messages.add(latest, passed));
        }
    }

    /** Of what comes from the visitor or the target no more messages can be told. */
    void messagesUnreadable() {
        messages.becomeUnreadable();
        grow(0);
    }

    void answered(Fields trailers, long nanos) {
        responseTrailers = trailers;
        end(State.DONE, "", nanos);
        grow(trailers.size());
    }

    /** The stream ended before that. */
    void over(String why, long nanos) {
        end(upgraded ? State.DONE : State.FAILED, why, nanos);
        grow(0);
    }

    private void end(State how, String why, long nanos) {
        state = how;
        reason = why;
        totalMicros = micros(nanos);
    }

    private long micros(long nanos) {
        return Math.max(0, nanos - startedNanos) / 1000;
    }

    private void grow(int bytes) {
        size += bytes;
        if (!forgotten) {
            recordings.changed(this, bytes);
        }
    }

    /** It is kept no more, and what still comes of it is not either. */
    void forget() {
        forgotten = true;
    }

    // What there is to see.

    long id() {
        return id;
    }

    Origin origin() {
        return origin;
    }

    /** About how many bytes it holds. */
    int size() {
        return size;
    }

    RequestHead request() {
        return request;
    }

    Body requestBody() {
        return requestBody;
    }

    Fields requestTrailers() {
        return requestTrailers;
    }

    @Nullable
    ResponseHead response() {
        return response;
    }

    Body responseBody() {
        return responseBody;
    }

    Fields responseTrailers() {
        return responseTrailers;
    }

    Messages messages() {
        return messages;
    }

    long startedAtMillis() {
        return startedAtMillis;
    }

    /** Until the response began. */
    long firstByteMicros() {
        return firstByteMicros;
    }

    /** Until it ended; 0 before. */
    long totalMicros() {
        return totalMicros;
    }

    State state() {
        return state;
    }

    /** Why it did not come to its end; empty when it did. */
    String reason() {
        return reason;
    }

    boolean isUpgraded() {
        return upgraded;
    }

    /** Whether it may go on for long, and is what somebody watches. */
    boolean isOpenUpgrade() {
        return upgraded && state == State.OPEN;
    }

    /** Whether all of the request is here, so that it can be sent again. */
    boolean isReplayable() {
        return requestWhole && requestBody.isWhole() && !upgraded;
    }
}
