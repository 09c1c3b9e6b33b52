package dev.culvert.edge.ingress;

import java.util.Locale;

/** Why the edge ended a visitor connection before HTTP, or its passage to a target, began; or between two requests. */
public enum DoorRefusal {
    /** Nothing, or not all of a ClientHello or of a handshake, came in time. */
    TOO_SLOW("connection said too little in time; closed", true),
    /**
     * So many others were waiting to say something that the one that waited longest had to go, or so many handshakes to be
     * computed that there was no use in one more.
     */
    TOO_MANY("too many connections that say nothing or shake hands; one closed"),
    /** As many are connected as there is heap for, and this one waited longest for a next request. */
    IDLE("as many visitors are connected as there is memory for; closed one that was idle"),
    /** As many are connected as there is heap for, and none of them is idle. */
    FULL("as many visitors are connected as there is memory for; one closed"),
    /** It began with a PROXY header, and its peer is not a trusted proxy. */
    PROXY_UNTRUSTED("PROXY header from a peer that is not in --trusted-proxies; closed"),
    /** A trusted proxy's PROXY header makes no sense. */
    PROXY_MALFORMED("malformed PROXY header; closed"),
    /** TLS on a port without it. */
    TLS_ON_PLAIN_PORT("TLS on the plain port; closed"),
    /** Neither TLS nor HTTP on a port for TLS. */
    NOT_TLS("neither TLS nor HTTP on the TLS port; closed"),
    /** The ClientHello names no host, where a tunnel has to be found by it. */
    NO_SERVER_NAME("ClientHello without a server name; closed"),
    /** There is neither a certificate nor a passthrough tunnel for the name. */
    NAME_NOT_SERVED("ClientHello for a name that is not served here; closed"),
    /** Client and edge could not agree, or the client broke off: most likely it does not trust the certificate. */
    HANDSHAKE_FAILED("TLS handshake failed; closed", true);

    /** For the log. */
    final String words;

    /** Whether it happens all day long without anything being wrong: browsers connect ahead, for example. */
    final boolean usual;

    DoorRefusal(String words) {
        this(words, false);
    }

    DoorRefusal(String words, boolean usual) {
        this.words = words;
        this.usual = usual;
    }

    /** For metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
