package dev.culvert.agent.localtunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.agent.target.HostPort;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationTest {
    private static final String LEAST = "{'id':'shop','url':'https://shop.example.com','port':4000}";

    @Test
    void socketsGoToTheServersHostTenOfThem() {
        assertEquals(
                new Registration("shop", "https://shop.example.com", null, new HostPort("example.com", 4000), 10),
                read(LEAST));
    }

    @Test
    void socketsGoToTheAddressThatIsNamed() {
        JsonObject answer = new JsonObject(LEAST.replace('\'', '"'))
                .put("ip", "192.0.2.1")
                .put("cached_url", "https://shop.cached.example.com")
                .put("more", "than is known");

        Registration registration = Registration.of(answer, "example.com");

        assertEquals(new HostPort("192.0.2.1", 4000), registration.sockets());
        assertEquals("https://shop.cached.example.com", registration.cachedUrl());
    }

    @Test
    void urlMayLackItsScheme() {
        assertEquals(
                "http://shop.example.com", read(LEAST.replace("https://", "")).url());
    }

    @ParameterizedTest
    @ValueSource(strings = {"4294967376", "80.5", "1e400", "0", "65536"})
    void whatIsNoPortIsNotMadeOne(String port) {
        JsonObject answer = new JsonObject("{'id':'a','url':'http://a.example.com','port':PORT}"
                .replace('\'', '"')
                .replace("PORT", port));

        assertThrows(IllegalArgumentException.class, () -> Registration.of(answer, "example.com"));
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 1", "1, 1", "50, 50", "101, 100", "1000000000, 100", "1000000000000000000, 100"})
    void numberOfSocketsIsBounded(long asked, int kept) {
        JsonObject answer = new JsonObject(LEAST.replace('\'', '"')).put("max_conn_count", asked);

        assertEquals(kept, Registration.of(answer, "example.com").count());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'id':'a/b','url':'https://a.example.com','port':4000}",
                "{'id':7,'url':'https://a.example.com','port':4000}",
                "{'id':'a','url':'not a URL','port':4000}",
                "{'id':'a','url':'javascript:alert(1)','port':4000}",
                "{'id':'a','url':'javascript://a.example.com/%0aalert(1)','port':4000}",
                "{'id':'a','url':'https://a.example.com\\u001b[2J','port':4000}",
                "{'id':'a','url':'https://a.example.com'}",
                "{'id':'a','url':'https://a.example.com','port':'many'}",
                "{'id':'a','url':'https://a.example.com','port':65536}",
                "{'id':'a','url':'https://a.example.com','port':4000,'ip':'a b'}",
            })
    void whatIsNoTunnelIsRefused(String answer) {
        assertThrows(IllegalArgumentException.class, () -> read(answer));
    }

    private static Registration read(String answer) {
        return Registration.of(new JsonObject(answer.replace('\'', '"')), "example.com");
    }
}
