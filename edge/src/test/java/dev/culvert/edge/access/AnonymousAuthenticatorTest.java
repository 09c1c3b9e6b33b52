package dev.culvert.edge.access;

import static dev.culvert.edge.access.Greetings.withSecret;
import static dev.culvert.edge.access.Greetings.withToken;
import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class AnonymousAuthenticatorTest {
    private static final String SECRET = "Zm9yLXRlc3RzLW9ubHktMQ";

    private final AnonymousAuthenticator authenticator = new AnonymousAuthenticator();

    @Test
    void sameSecretIsTheSameOwner() {
        Identity first = authenticator.authenticate(withSecret(SECRET)).result();
        Identity second = authenticator.authenticate(withSecret(SECRET)).result();
        assertEquals(first, second);
        assertTrue(first.owner().matches("anonymous:[0-9a-f]{32}"), first.owner());
        assertEquals(NamePatterns.ANY, first.names());
    }

    /** What the registry has of it, also where another release has written it. */
    @Test
    void ownerOfASecretIsTheSameInAllReleases() {
        assertEquals(
                "anonymous:01374ab422f80d74b69a337217d880aa",
                authenticator.authenticate(withSecret(SECRET)).result().owner(),
                WHAT_TO_DO);
    }

    @Test
    void anotherSecretIsAnotherOwner() {
        assertNotEquals(
                authenticator.authenticate(withSecret(SECRET)).result().owner(),
                authenticator.authenticate(withSecret(SECRET + "x")).result().owner());
    }

    @Test
    void identityDoesNotShowTheSecret() {
        assertFalse(authenticator
                .authenticate(withSecret(SECRET))
                .result()
                .toString()
                .contains(SECRET));
    }

    @Test
    void aSecretThatIsTooShortIsRefusedInWords() {
        Throwable refusal =
                authenticator.authenticate(withSecret(SECRET.substring(1))).cause();
        assertInstanceOf(UnauthorizedException.class, refusal);
        assertEquals(
                "the agent's secret is too easy to guess: it has 21 characters; use at least 22 random ones",
                refusal.getMessage());
    }

    @Test
    void anAgentWithoutASecretIsRefused() {
        assertInstanceOf(
                UnauthorizedException.class,
                authenticator.authenticate(withToken("cvt_x")).cause());
    }
}
