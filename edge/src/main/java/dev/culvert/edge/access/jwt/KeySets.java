package dev.culvert.edge.access.jwt;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;

/** Key sets (JWK sets, RFC 7517) as they are published. */
final class KeySets {
    private KeySets() {}

    /**
     * The keys of a set that can prove a token here; others, which may be of kinds that are not known here, are passed over (RFC 7517, 5).
     *
     * @throws ParseException where it is no set
     */
    static JWKSet parse(String text) throws ParseException {
        JsonArray all;
        try {
            all = new JsonObject(text).getJsonArray("keys");
        } catch (DecodeException | ClassCastException e) {
            throw notASet();
        }
        if (all == null) {
            throw notASet();
        }
        List<JWK> keys = new ArrayList<>();
        for (Object one : all) {
            if (one instanceof JsonObject json) {
                try {
                    JWK key = JWK.parse(json.encode());
                    if (key instanceof RSAKey || key instanceof ECKey) {
                        keys.add(key);
                    }
                } catch (ParseException | RuntimeException e) {
                    // None that we can use.
                }
            }
        }
        return new JWKSet(keys);
    }

    private static ParseException notASet() {
        return new ParseException("it is not a JWK set", 0);
    }
}
