package dev.culvert.agent.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

class ConnectFaultTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @Test
    void refusalIsToldByItsMessage() {
        ConnectException refused = new ConnectException("finishConnect(..) failed: Connection refused: /127.0.0.1:1");

        assertTrue(ConnectFault.isRefusal(refused));
        assertFalse(ConnectFault.isRefusal(new IOException("Connection refused")));
        assertEquals("connection refused", ConnectFault.inWords(refused, TIMEOUT));
    }

    @Test
    void silenceIsToldWithHowLongItWas() {
        assertEquals(
                "no answer within 5 s",
                ConnectFault.inWords(new ConnectException("connection timed out: /192.0.2.1:1"), TIMEOUT));
    }

    @Test
    void whatElseHappenedIsInTheWordsOfTheFailure() {
        assertEquals("No route to host", ConnectFault.inWords(new ConnectException("No route to host"), TIMEOUT));
        assertEquals("IOException", ConnectFault.inWords(new IOException(), TIMEOUT));
    }

    @Test
    void causeIsTheOutermostOfItsType() {
        SSLException inner = new SSLException("inner");
        SSLException outer = new SSLException("outer", inner);

        assertEquals(Optional.of(outer), ConnectFault.cause(new IOException(outer), SSLException.class));
        assertEquals(Optional.empty(), ConnectFault.cause(outer, ConnectException.class));
    }
}
