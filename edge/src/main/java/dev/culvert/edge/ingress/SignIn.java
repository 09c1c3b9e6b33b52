package dev.culvert.edge.ingress;

import dev.culvert.admission.People;
import dev.culvert.admission.Person;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets visitors of tunnels show who they are by signing in with an identity provider. Called on the visitor's event loop.
 */
public interface SignIn {
    /** Begins one, at the hosts of tunnels that ask for it; at the edge's own host, where the provider sends visitors back to. */
    String PATH = "/.culvert/sign-in";

    /** Where there is no provider: nobody can sign in. */
    SignIn NONE = new NoSignIn();

    /** Whether the provider says which groups people belong to. */
    boolean knowsGroups();

    /** Who the visitor has shown to be, at this host and not long ago; null where it has not. */
    @Nullable
    Person visitor(Question question);

    /** Whether the path is one of the sign-in's own, at the hosts of tunnels that ask for it, and not the target's. */
    boolean isOwnPath(String target);

    /**
     * What to answer a visitor that has to sign in, or who asks for one of our own paths.
     *
     * @return completes on any thread, and does not fail
     */
    Future<Answer> answer(Question question);

    /**
     * What to answer at the edge's own host, where the provider sends visitors back to.
     *
     * @param target path and query, as they came
     * @return null when it is nothing of ours
     */
    @Nullable
    Answer atOwnHost(String target);

    /**
     * A request for a tunnel.
     *
     * @param host the tunnel's
     * @param owner whose the tunnel is
     * @param people whom it lets in
     * @param secure whether nobody between visitor and edge can read it
     * @param target path and query, as they came
     */
    record Question(
            String host,
            String owner,
            People people,
            boolean secure,
            HttpMethod method,
            String target,
            HttpHeaders headers) {}

    /**
     * An answer.
     *
     * @param cookies to be set, as they stand in {@code Set-Cookie}
     */
    record Answer(Reply reply, List<String> cookies) {
        public Answer {
            cookies = List.copyOf(cookies);
        }

        /** One that sets no cookies. */
        public Answer(Reply reply) {
            this(reply, List.of());
        }
    }
}
