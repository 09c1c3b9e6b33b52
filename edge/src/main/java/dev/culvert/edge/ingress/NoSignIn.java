package dev.culvert.edge.ingress;

import dev.culvert.admission.Person;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/** Of an edge that knows no identity provider; tunnels may ask for one all the same, when another node has it. */
final class NoSignIn implements SignIn {
    @Override
    public boolean knowsGroups() {
        return false;
    }

    @Override
    public @Nullable Person visitor(Question question) {
        return null;
    }

    @Override
    public boolean isOwnPath(String target) {
        return false;
    }

    @Override
    public Future<Answer> answer(Question question) {
        return Future.succeededFuture(new Answer(Reply.noSignIn(question.host())));
    }

    @Override
    public @Nullable Answer atOwnHost(String target) {
        return null;
    }
}
