package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.testkit.LeakFree;
import io.vertx.core.Future;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an authority finds that looks whether a host is ours. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class ProofsTest {
    private static final Proofs PROOFS = target -> target.startsWith("/.well-known/acme-challenge/")
            ? Future.succeededFuture(target.endsWith("/ours") ? Optional.of("ours.thumbprint") : Optional.empty())
            : null;

    @Test
    void proofIsThereAtAnyHostAndBeforeARedirect() throws Exception {
        IngressOptions redirecting = new IngressOptions(
                Door.DOMAIN, null, peer -> false, IngressOptions.Deadlines.DEFAULT, () -> 443, "node", null);
        try (Door door = Door.open(redirecting, PROOFS)) {
            for (String host : new String[] {Door.HOST, "nobody.example.com", "elsewhere.example.org"}) {
                Answer answer = get(door, host, "/.well-known/acme-challenge/ours");

                assertEquals(200, answer.status());
                assertEquals("ours.thumbprint", answer.body());
            }
            assertEquals(308, get(door, Door.HOST, "/").status());
        }
    }

    /** Who has a certificate of its own behind a tunnel proves it to an authority of its own. */
    @Test
    void whatIsNotOursIsTheTargetsToAnswer() throws Exception {
        try (Door door = Door.open(Door.options(), PROOFS)) {
            door.visitor().send(Door.get("/.well-known/acme-challenge/theirs"));

            door.carriers.awaitStream().awaitText("GET /.well-known/acme-challenge/theirs HTTP/1.1\r\n");
        }
    }

    private static Answer get(Door door, String host, String path) throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(path, host));
        return visitor.awaitAnswer();
    }
}
