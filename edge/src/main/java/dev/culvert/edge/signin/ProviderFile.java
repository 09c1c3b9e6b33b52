package dev.culvert.edge.signin;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Durations;
import dev.culvert.config.Secret;
import dev.culvert.config.YamlSection;
import dev.culvert.edge.issuers.SectionValues;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The identity provider of an operator's file.
 *
 * @param issuer what it calls itself, and where its {@code /.well-known/openid-configuration} is (OpenID Connect Discovery
 *     1.0)
 * @param clientId what it calls us
 * @param clientSecret proves to it that we are we; and what is signed here is signed with what is made of it
 * @param scopes what it is asked for
 * @param who the claim that says who somebody is; an {@code email} counts where the provider says that it is verified
 * @param groups the claim that says which groups somebody belongs to; null where the provider says nothing of that
 * @param session how long somebody is known by a browser before the provider is asked again
 * @param ca who signs its own certificate; none for those that Java trusts
 */
record ProviderFile(
        URI issuer,
        String clientId,
        Secret clientSecret,
        List<String> scopes,
        String who,
        @Nullable String groups,
        Duration session,
        List<X509Certificate> ca) {

    /** The claim that most providers fill with what people know of each other. */
    static final String EMAIL = "email";

    private static final String ISSUER = "issuer";
    private static final String CLIENT_ID = "client-id";
    private static final String CLIENT_SECRET_FILE = "client-secret-file";
    private static final String SCOPES = "scopes";
    private static final String WHO = "who";
    private static final String GROUPS = "groups";
    private static final String SESSION = "session";
    private static final String CA = "ca";

    private static final String OPENID = "openid";

    /** A working day and what comes before and after it. */
    private static final Duration DEFAULT_SESSION = Duration.ofHours(12);

    /** Less, and people sign in all day long; below a second they would never come in. */
    private static final Duration SHORTEST_SESSION = Duration.ofMinutes(1);

    /** Nobody can be shut out before, other than by the tunnel. */
    private static final Duration LONGEST_SESSION = Duration.ofDays(30);

    /** Shorter ones can be guessed by who has something that was signed. */
    private static final int SHORTEST_SECRET = 16;

    ProviderFile {
        scopes = List.copyOf(scopes);
        ca = List.copyOf(ca);
    }

    /** Reads it, and the files that it names; blocks. Fails with {@link ConfigException}. */
    static ProviderFile read(Path path) {
        YamlSection file = YamlSection.read(path);
        file.allowOnly(Set.of(ISSUER, CLIENT_ID, CLIENT_SECRET_FILE, SCOPES, WHO, GROUPS, SESSION, CA));
        for (String key : List.of(ISSUER, CLIENT_ID, CLIENT_SECRET_FILE, WHO, GROUPS, SESSION, CA)) {
            if (file.text(key).isPresent() && !file.isText(key)) {
                throw file.error(key, "must be one text, and no list");
            }
        }
        String issuer = SectionValues.required(file, ISSUER);
        List<String> scopes = file.texts(SCOPES);
        if (scopes.stream().anyMatch(scope -> scope.isEmpty() || scope.chars().anyMatch(Character::isWhitespace))) {
            throw file.error(SCOPES, "must be words, each an item of its own");
        } else if (!scopes.isEmpty() && !scopes.contains(OPENID)) {
            throw file.error(SCOPES, "openid must be among them, or the provider does not say who somebody is");
        }
        return new ProviderFile(
                issuer(file, issuer),
                SectionValues.required(file, CLIENT_ID),
                secret(file),
                scopes.isEmpty() ? List.of(OPENID, EMAIL) : scopes,
                file.text(WHO).isEmpty() ? EMAIL : SectionValues.required(file, WHO),
                file.text(GROUPS).isEmpty() ? null : SectionValues.required(file, GROUPS),
                session(file),
                SectionValues.certificates(file, CA));
    }

    private static URI issuer(YamlSection file, String text) {
        String wrong = "must be an https URL without a query, was " + text;
        URI issuer = SectionValues.safeUrl(file, ISSUER, text, wrong);
        if (issuer.getRawQuery() != null || issuer.getRawFragment() != null) {
            throw file.error(ISSUER, wrong);
        }
        return issuer;
    }

    private static Secret secret(YamlSection file) {
        String name = SectionValues.required(file, CLIENT_SECRET_FILE);
        String text = SectionValues.textOf(file, CLIENT_SECRET_FILE, name).strip();
        if (text.length() < SHORTEST_SECRET || text.lines().count() > 1) {
            throw file.error(
                    CLIENT_SECRET_FILE,
                    "%s must hold one line of at least %d characters, as the provider made it"
                            .formatted(name, SHORTEST_SECRET));
        }
        return Secret.of(text);
    }

    private static Duration session(YamlSection file) {
        Duration session;
        try {
            session = file.text(SESSION).map(Durations::parse).orElse(DEFAULT_SESSION);
        } catch (ConfigException e) {
            throw file.error(SESSION, String.valueOf(e.getMessage()));
        }
        if (session.compareTo(SHORTEST_SESSION) < 0 || session.compareTo(LONGEST_SESSION) > 0) {
            throw file.error(
                    SESSION,
                    "must be from %s to %s, was %s"
                            .formatted(
                                    Durations.format(SHORTEST_SESSION),
                                    Durations.format(LONGEST_SESSION),
                                    Durations.format(session)));
        }
        return session;
    }
}
