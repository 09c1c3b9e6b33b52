package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.target.HostPort;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebProxiesTest {
    private static final EdgeAddress EDGE = EdgeAddress.parse("https://edge.example.com");

    @Test
    void smallLettersComeFirstAndAllProxyLast() {
        assertEquals("a:1", proxy(Map.of("https_proxy", "a:1", "HTTPS_PROXY", "b:1", "ALL_PROXY", "c:1")));
        assertEquals("b:1", proxy(Map.of("HTTPS_PROXY", "b:1", "ALL_PROXY", "c:1", "all_proxy", "")));
        assertEquals("c:1", proxy(Map.of("ALL_PROXY", "http://c:1/")));
        assertFalse(new WebProxies(Map.of("HTTP_PROXY", "a:1")).to(EDGE).isPresent());
    }

    @Test
    void plainLanesAndThoseToThisMachineGoStraight() {
        WebProxies proxies = new WebProxies(Map.of("HTTPS_PROXY", "a:1", "ALL_PROXY", "a:1"));
        for (String edge :
                new String[] {"192.0.2.1:7070", "http://192.0.2.1", "https://localhost", "tls://[::1]:7070"}) {
            assertFalse(proxies.to(EdgeAddress.parse(edge)).isPresent(), edge);
        }
        assertTrue(proxies.to(EdgeAddress.parse("tls://192.0.2.1")).isPresent());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "example.com | edge.example.com | true",
                ".example.com | edge.example.com | true",
                "*.example.com | edge.example.com | true",
                "a.test, EDGE.example.com | edge.example.com | true",
                "edge.example.com:443 | edge.example.com | true",
                "edge.example.com:8443 | edge.example.com | false",
                "ample.com | edge.example.com | false",
                "* | edge.example.com | true",
                "'' | edge.example.com | false",
                "192.0.2.1 | 192.0.2.1 | true",
                "192.0.2.0/24 | 192.0.2.77 | true",
                "192.0.3.0/24 | 192.0.2.77 | false",
                "2001:db8::/32 | [2001:db8::1] | true",
                "192.0.2.0/24 | edge.example.com | false",
                "edge.example.com/24 | 192.0.2.1 | false",
                "192.0.2.0/x | 192.0.2.1 | false",
            })
    void noProxyNamesHostsWithAllBelowThemAddressesAndNetworks(String list, String host, boolean excepted) {
        WebProxies proxies = new WebProxies(Map.of("HTTPS_PROXY", "proxy:3128", "NO_PROXY", list));
        assertEquals(excepted, proxies.to(EdgeAddress.parse("https://" + host)).isEmpty());
    }

    @Test
    void credentialsAreReadAndNeverPrinted() {
        WebProxy proxy = WebProxy.parse("HTTPS_PROXY", "http://me:p%40ss+@proxy.example:3128/");

        assertEquals(new HostPort("proxy.example", 3128), proxy.hostPort());
        assertEquals("me", proxy.user());
        assertEquals("p@ss+", proxy.options().getPassword());
        assertEquals("proxy.example:3128", proxy.toString());
        assertEquals("WebProxies[***]", new WebProxies(Map.of("HTTPS_PROXY", "me:pass@proxy")).toString());
    }

    @ParameterizedTest
    @CsvSource({"socks5://me:s3cret@proxy", "https://me:s3cret@proxy", "me:s3cret@pro xy", "me:s3cret@proxy:0"})
    void whatIsNoProxyIsRefusedWithoutItsPassword(String url) {
        String sentence = assertThrows(
                        IllegalArgumentException.class, () -> new WebProxies(Map.of("HTTPS_PROXY", url)).to(EDGE))
                .getMessage();
        assertTrue(sentence.startsWith("the variable HTTPS_PROXY is not a proxy ("), sentence);
        assertFalse(sentence.contains("s3cret"), sentence);
    }

    private static String proxy(Map<String, String> variables) {
        return new WebProxies(variables).to(EDGE).orElseThrow().toString();
    }
}
