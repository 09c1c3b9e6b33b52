package dev.culvert.wire;

import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The edge's answer to {@link Bind}.
 *
 * @param id the agent's number for the tunnel
 * @param tunnel the tunnel's key, which each {@link Frame.Open} for it will carry; null when refused
 * @param name what to ask for next time
 * @param url where visitors find it
 * @param ticket proof of ownership, to be sent with the next {@link Bind} of the name
 * @param refusal why not; null when the tunnel is bound
 */
public record Bound(
        int id,
        @Nullable String tunnel,
        @Nullable String name,
        @Nullable String url,
        @Nullable String ticket,
        @Nullable Refusal refusal) {
    /** A label, a host, or the number of a port. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9.-]{1,253}");

    /** Visible ASCII. */
    private static final Pattern URL = Pattern.compile("[!-~]{1,2048}");

    /** Why a name was refused. */
    public record Refusal(Code code, String message) {}

    /** What kind of refusal, for programs. */
    public enum Code {
        /** Another owner has it. */
        NAME_TAKEN,
        /** The same owner has it on another agent, and they do not both pool. */
        NAME_IN_USE,
        /** Not a name that can be had here. */
        NAME_INVALID,
        /** The identity may not have this name. */
        NOT_ALLOWED,
        /** The edge does not offer this kind of tunnel. */
        NOT_OFFERED,
        /** The edges have no room for another name; later they may. */
        NO_ROOM,
        /** The edge is stopping; ask another. */
        DRAINING,
        /** The edge's own mistake; asking again may help. */
        INTERNAL
    }

    /** The tunnel is up. */
    public static Bound granted(int id, String tunnel, String name, String url, String ticket) {
        return new Bound(id, tunnel, name, url, ticket, null);
    }

    /** The tunnel is not up, because … */
    public static Bound refused(int id, Code code, String message) {
        return new Bound(id, null, null, null, null, new Refusal(code, message));
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject().put("id", id);
        Handshake.putIfPresent(json, "tunnel", tunnel);
        Handshake.putIfPresent(json, "name", name);
        Handshake.putIfPresent(json, "url", url);
        Handshake.putIfPresent(json, "ticket", ticket);
        if (refusal != null) {
            json.put("refused", refusal.code().name()).put("message", refusal.message());
        }
        return json;
    }

    static Bound of(JsonObject json) {
        int id = Handshake.positive(json, "id");
        if (json.containsKey("refused")) {
            return refused(
                    id,
                    Handshake.code(json, "refused", Code.class, Code.INTERNAL),
                    Handshake.text(json, "message", ""));
        }
        return granted(
                id,
                Handshake.text(json, "tunnel"),
                name(Handshake.text(json, "name")),
                url(Handshake.text(json, "url")),
                Handshake.text(json, "ticket"));
    }

    /** Agents print it, and it stands beside their own words. */
    private static String name(String said) {
        return Handshake.shown("name", said, NAME, "a host, a label or a port, at most 253 characters");
    }

    private static String url(String said) {
        String words = "a URL with scheme and host, at most 2048 characters of visible ASCII";
        if (!isAbsolute(Handshake.shown("url", said, URL, words))) {
            throw new MalformedFrameException("handshake field url must be " + words);
        }
        return said;
    }

    private static boolean isAbsolute(String url) {
        try {
            URI uri = new URI(url);
            return uri.isAbsolute() && uri.getRawAuthority() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
