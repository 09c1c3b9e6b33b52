package dev.culvert.edge.signin;

import dev.culvert.edge.ingress.SignIn.Question;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.util.Locale;

/** What browsers say of where a request comes from and what it is for (W3C, Fetch Metadata Request Headers). */
final class FetchMetadata {
    private FetchMetadata() {}

    /** Whether somebody looks at a page. A program, or a script of a page, has no use for the provider's. */
    static boolean isPage(Question question) {
        String accept = question.headers().get(HttpHeaderNames.ACCEPT);
        boolean says = question.headers().contains("sec-fetch-mode");
        return isSafe(question)
                && accept != null
                && accept.toLowerCase(Locale.ROOT).contains("text/html")
                && (!says || isNavigation(question.headers()));
    }

    /**
     * Whether a page of another origin has made the request, in the name of who looks at it. Other people's tunnels are
     * neighbours of this one, and browsers send them its cookies (they are of one site). A link is followed by people.
     *
     * @param origin where the tunnel's own pages are from
     */
    static boolean isOfAnotherOrigin(Question question, String origin) {
        HttpHeaders headers = question.headers();
        String site = headers.get("sec-fetch-site");
        if (site != null) {
            boolean link = isNavigation(headers) && isSafe(question);
            return !site.equals("same-origin") && !site.equals("none") && !link;
        }
        String said = headers.get(HttpHeaderNames.ORIGIN); // Of browsers that do not say it in so many words.
        return said != null && !said.equalsIgnoreCase(origin);
    }

    /** Of the whole window: in a frame a page of others would be around it. */
    private static boolean isNavigation(HttpHeaders headers) {
        return "navigate".equals(headers.get("sec-fetch-mode"))
                && "document".equals(headers.get("sec-fetch-dest", "document"));
    }

    private static boolean isSafe(Question question) {
        return question.method().equals(HttpMethod.GET) || question.method().equals(HttpMethod.HEAD);
    }
}
