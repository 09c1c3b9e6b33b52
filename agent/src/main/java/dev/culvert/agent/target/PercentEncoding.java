package dev.culvert.agent.target;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Names of files in the paths of URLs (RFC 3986, 2.1), byte for byte: what composes letters makes another name of some. */
public final class PercentEncoding {
    private PercentEncoding() {}

    /** One name, without slashes. */
    public static String encoded(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The text; {@link IllegalArgumentException} where its encoding makes no sense. A plus is a plus in a path. */
    public static String decoded(String text) {
        return QueryStringDecoder.decodeComponent(text.replace("+", "%2B"));
    }
}
