package dev.culvert.edge.signin;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signs what browsers keep for us (JWT, HS256), so that any edge with the same provider knows it again and none has to keep it.
 * What is signed for one purpose is nothing for another: each has a key of its own. Safe for use by any thread.
 */
final class Signer {
    private static final String HMAC = "HmacSHA256";

    private final byte[] key;

    private Signer(byte[] key) {
        this.key = key;
    }

    /** One whose key is made of the client secret, for one purpose. */
    static Signer of(ProviderFile provider, String purpose) {
        // Another client, another provider or other claims make other keys: sessions end with what stood for them.
        String all = String.join(
                "\n",
                "culvert sign-in",
                provider.issuer().toString(),
                provider.clientId(),
                provider.groups() == null ? provider.who() : provider.who() + "\n" + provider.groups(),
                purpose);
        return new Signer(mac(provider.clientSecret().bytes(), all));
    }

    /** Loads what signing and reading need, which takes too long for the event loop of the first visitor. */
    void warmUp() {
        if (read(sign(new JWTClaimsSet.Builder().build())) == null) {
            throw new IllegalStateException("what is signed here cannot be read here");
        }
    }

    String sign(JWTClaimsSet claims) {
        try {
            SignedJWT jwt = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims);
            jwt.sign(new MACSigner(key));
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException("a key of 32 bytes signs by HS256", e);
        }
    }

    /** What was signed here, however old; null where this was not. */
    @Nullable
    JWTClaimsSet read(String text) {
        try {
            SignedJWT jwt = SignedJWT.parse(text);
            boolean ours =
                    JWSAlgorithm.HS256.equals(jwt.getHeader().getAlgorithm()) && jwt.verify(new MACVerifier(key));
            return ours ? jwt.getJWTClaimsSet() : null;
        } catch (ParseException | JOSEException | RuntimeException e) { // As the library has it for some texts.
            return null;
        }
    }

    /** A text that nobody else can tell of this one: 43 characters of base64url. */
    String derive(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(mac(key, text));
    }

    private static byte[] mac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + HMAC, e);
        }
    }
}
