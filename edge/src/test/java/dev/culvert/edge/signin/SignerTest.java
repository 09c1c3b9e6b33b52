package dev.culvert.edge.signin;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.culvert.config.Secret;
import dev.culvert.testkit.PromisedBytes;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What browsers keep for edges of another release. Where it is not read, each of their visitors signs in again, and with each
 * step at an edge of another release never comes in. What to do when one of these is red is in
 * {@link PromisedBytes#WHAT_TO_DO}.
 */
class SignerTest {
    private static final ProviderFile PROVIDER = new ProviderFile(
            URI.create("https://login.example.com"),
            "culvert",
            Secret.of("a secret of the tests"),
            List.of("openid", "email"),
            "email",
            "groups",
            Duration.ofHours(12),
            List.of());

    /** HS256 by the key of {@link #keysAreMadeOfWhatTheOperatorHasWritten}; in it is what the tests below ask for. */
    private static final String SESSION = "eyJhbGciOiJIUzI1NiJ9"
            + ".eyJzdWIiOiJib2JAZXhhbXBsZS5jb20iLCJncm91cHMiOlsic3RhZmYiXSwiYXVkIjpbInNob3AuZXhhbXBsZS5jb20iLCI0OTkxNWUw"
            + "ZDdkNGI0MDJlMzAxN2QwMTBiYzFjMGU4M2NhYzZjNzk3ZDZjMTZlNjYzNDBmZTMyNjg2OTNhNmExIl0sImV4cCI6NDEwMjQ0NDgwMH0"
            + ".K2XHN3TvDRVIB4p00h2nsAdWSX7m1UjkOwdherb27kE";

    private static final String STATE = "eyJhbGciOiJIUzI1NiJ9"
            + ".eyJob3N0Ijoic2hvcC5leGFtcGxlLmNvbSIsInBhdGgiOiIvcGFnZT9hPWIiLCJicm93c2VyIjoiNWQyNjExZDVhNGRkMmI0MGIyNzdk"
            + "ZmRiNWVjZjViNDk4MTkxNTBkN2Q1YzYyZjRlZWY5NjBjYjBjMjRkYjIwYyIsImNob2ljZSI6ZmFsc2UsImp0aSI6IkVCRVNFeFFWRmhj"
            + "WUdSb2JIQjBlSHciLCJleHAiOjQxMDI0NDQ4MDB9"
            + ".r_yJkZOB5ZbAYb6H00oS5sL0kbdewZ8cAMMbsHYOuFc";

    @Test
    void sessionOfAnotherReleaseIsRead() throws Exception {
        JWTClaimsSet session = Signer.of(PROVIDER, "session").read(SESSION);

        assertNotNull(session, WHAT_TO_DO);
        assertEquals("bob@example.com", session.getSubject(), WHAT_TO_DO);
        assertEquals(List.of("staff"), session.getStringListClaim("groups"), WHAT_TO_DO);
        assertEquals(4_102_444_800_000L, session.getExpirationTime().getTime(), WHAT_TO_DO);
    }

    @Test
    void stateOfAnotherReleaseIsRead() throws Exception {
        JWTClaimsSet state = Signer.of(PROVIDER, "state").read(STATE);

        assertNotNull(state, WHAT_TO_DO);
        assertEquals("shop.example.com", state.getStringClaim("host"), WHAT_TO_DO);
        assertEquals("/page?a=b", state.getStringClaim("path"), WHAT_TO_DO);
    }

    /**
     * The key is HMAC-SHA256, by the client secret, of "culvert sign-in", issuer, client id, claim of the name, that of the
     * groups where there is one, and purpose, each in a line; what is derived is the same by that key, in base64url.
     */
    @Test
    void keysAreMadeOfWhatTheOperatorHasWritten() {
        ProviderFile withoutGroups = new ProviderFile(
                PROVIDER.issuer(),
                PROVIDER.clientId(),
                PROVIDER.clientSecret(),
                PROVIDER.scopes(),
                PROVIDER.who(),
                null,
                PROVIDER.session(),
                PROVIDER.ca());
        assertEquals(
                "ftPh7kbE6lV909SXLkmTcR-cRpJZhExbq3Ay9N-feeU",
                Signer.of(PROVIDER, "state").derive("nonce abc"),
                WHAT_TO_DO);
        assertEquals(
                "8VqBt9tmy-VmI-3omov3EnocpvHsCGLXwEVjEJ8zb7o",
                Signer.of(withoutGroups, "state").derive("nonce abc"),
                WHAT_TO_DO);
    }
}
