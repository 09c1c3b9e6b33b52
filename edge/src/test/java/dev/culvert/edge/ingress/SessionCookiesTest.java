package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import org.junit.jupiter.api.Test;

class SessionCookiesTest {
    @Test
    void oursStaysAwayFromTheTarget() {
        HttpHeaders headers = new DefaultHttpHeaders()
                .add("cookie", "a=b; __Host-culvert-session=x; c=d")
                .add("cookie", "culvert-session=x;culvert-browser=y")
                .add("cookie", "__Host-culvert-browser=z ; culvert-sessions=mine");

        SessionCookies.hide(headers);

        assertEquals(List.of("a=b; c=d; culvert-sessions=mine"), headers.getAll("cookie"));
        HttpHeaders alone = new DefaultHttpHeaders().add("cookie", "__Host-culvert-session=x");
        SessionCookies.hide(alone);
        assertFalse(alone.contains("cookie"));
    }

    @Test
    void fewOfManyAreLookedAt() {
        HttpHeaders headers = new DefaultHttpHeaders();
        for (int i = 0; i < 10; i++) {
            headers.add("cookie", "__Host-culvert-session=%d; culvert-session=plain".formatted(i));
        }

        assertEquals(List.of("0", "1", "2", "3"), SessionCookies.values(headers, SessionCookies.SESSION, true));
    }
}
