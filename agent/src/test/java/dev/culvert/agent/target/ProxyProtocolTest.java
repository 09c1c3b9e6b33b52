package dev.culvert.agent.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyProtocolTest {

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1:4711, 198.51.100.7:2222, TCP4 192.0.2.1 198.51.100.7 4711 2222",
        "[2001:db8::1]:4711, [2001:db8::2]:22, TCP6 2001:db8::1 2001:db8::2 4711 22",
        // A proxy before the edge may say one address of each family.
        "192.0.2.1:4711, [2001:db8::2]:22, TCP6 ::ffff:192.0.2.1 2001:db8::2 4711 22",
        "[2001:db8::1]:4711, 198.51.100.7:22, TCP6 2001:db8::1 ::ffff:198.51.100.7 4711 22",
        // An edge that does not say where the visitor connected to.
        "192.0.2.1:4711, '', TCP4 192.0.2.1 0.0.0.0 4711 0",
        "[2001:db8::1]:4711, '', TCP6 2001:db8::1 :: 4711 0",
        "'', '', UNKNOWN",
        "nobody:1, '', UNKNOWN",
    })
    void firstVersionIsALine(String visitor, String reached, String line) {
        ByteBuf header = ProxyProtocol.V1.header(visitor, reached);

        assertEquals("PROXY " + line + "\r\n", header.toString(StandardCharsets.US_ASCII));
        header.release();
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1:4711, 198.51.100.7:2222, 2111000cc0000201c63364071267" + "08ae",
        "'', '', 21000000",
    })
    void secondVersionIsBinary(String visitor, String reached, String rest) {
        ByteBuf header = ProxyProtocol.V2.header(visitor, reached);

        assertEquals("0d0a0d0a000d0a515549540a" + rest, ByteBufUtil.hexDump(header));
        header.release();
    }

    @Test
    void versionIsReadAsItIsWritten() {
        assertEquals(ProxyProtocol.OFF, ProxyProtocol.parse("off"));
        assertEquals(ProxyProtocol.V1, ProxyProtocol.parse("v1"));
        assertEquals(ProxyProtocol.V2, ProxyProtocol.parse("v2"));
        assertThrows(IllegalArgumentException.class, () -> ProxyProtocol.parse("v3"));
    }
}
