package dev.culvert.edge.access.jwt;

import dev.culvert.config.ConfigException;
import dev.culvert.config.WatchedFile;
import dev.culvert.config.YamlSection;
import dev.culvert.edge.access.TokenLine;
import dev.culvert.edge.issuers.SectionValues;
import java.net.URI;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The operator's file of {@link Issuer}s, with what it names: key sets and certificates in files are read as part of it, so
 * that a change of theirs is one of it.
 */
record IssuersFile(Path path) implements WatchedFile.Source<Map<String, Issuer>> {
    private static final String ISSUERS = "issuers";
    private static final String ISSUER = "issuer";
    private static final String AUDIENCE = "audience";
    private static final String KEYS = "keys";
    private static final String CA = "ca";
    private static final String AGENTS = "agents";
    private static final String CLAIMS = "claims";
    private static final String OWNER = "owner";
    private static final String NAMES = "names";

    /** Each has threads and a cache of its own. */
    private static final int MOST_ISSUERS = 32;

    /** Stands for every claim where a rule is tried without a token. */
    private static final String SAMPLE = "a";

    private static final String CONFIGURATION = "/.well-known/openid-configuration";

    /** The issuers by their names; a {@link ConfigException} says which line of which file is wrong, and how. */
    @Override
    public Map<String, Issuer> read() {
        YamlSection file = YamlSection.read(path);
        file.allowOnly(Set.of(ISSUERS));
        List<YamlSection> sections = file.sections(ISSUERS);
        if (sections.isEmpty()) {
            throw file.error(
                    ISSUERS, "there is none; write one like `- {issuer: https://…, audience: …, agents: […]}`");
        }
        if (sections.size() > MOST_ISSUERS) {
            throw file.error(ISSUERS, "must be at most %d, were %d".formatted(MOST_ISSUERS, sections.size()));
        }
        Map<String, Issuer> issuers = new LinkedHashMap<>();
        for (YamlSection section : sections) {
            Issuer issuer = issuer(section);
            if (issuers.putIfAbsent(issuer.name(), issuer) != null) {
                throw section.error(ISSUER, issuer.name() + " is there a second time; write all its agents below one");
            }
        }
        return issuers;
    }

    private static Issuer issuer(YamlSection section) {
        section.allowOnly(Set.of(ISSUER, AUDIENCE, KEYS, CA, AGENTS));
        String name = SectionValues.required(section, ISSUER);
        List<Rule> rules =
                section.sections(AGENTS).stream().map(IssuersFile::rule).toList();
        if (rules.isEmpty()) {
            throw section.error(AGENTS, "there is none, so that no token of this issuer would count");
        }
        return new Issuer(
                name,
                SectionValues.required(section, AUDIENCE),
                keys(section, name),
                SectionValues.certificates(section, CA),
                rules);
    }

    private static Issuer.Keys keys(YamlSection section, String name) {
        String place = section.text(KEYS).orElse(null);
        if (place == null) {
            String base = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
            return new Issuer.Discovered(url(section, ISSUER, base + CONFIGURATION));
        } else if (place.startsWith("https:") || place.startsWith("http:")) {
            return new Issuer.At(url(section, KEYS, place));
        }
        String set = SectionValues.textOf(section, KEYS, place);
        try {
            if (!KeySets.parse(set).getKeys().isEmpty()) {
                return new Issuer.Given(set);
            }
        } catch (ParseException e) {
            // Said below.
        }
        throw section.error(KEYS, place + " is not a JWK set with RSA or EC keys");
    }

    private static URI url(YamlSection section, String key, String text) {
        return SectionValues.safeUrl(
                section,
                key,
                text,
                "must be an https URL, or name the keys of the issuer by `keys:`; was "
                        + section.text(key).orElse(""));
    }

    private static Rule rule(YamlSection section) {
        section.allowOnly(Set.of(CLAIMS, OWNER, NAMES));
        Map<String, String> claims = section.named(CLAIMS);
        if (claims.isEmpty()) {
            throw section.error(
                    CLAIMS, "there is none, so that everybody would fit; write `sub: \"*\"` where that is meant");
        }
        return new Rule(claims, owner(section), names(section));
    }

    private static Template owner(YamlSection section) {
        try {
            Template owner = new Template(SectionValues.required(section, OWNER));
            TokenLine.requireOwner(owner.with(claim -> SAMPLE));
            return owner;
        } catch (IllegalArgumentException e) {
            throw section.error(OWNER, String.valueOf(e.getMessage()));
        }
    }

    private static List<Template> names(YamlSection section) {
        List<String> texts = section.texts(NAMES);
        if (texts.isEmpty()) {
            throw section.error(NAMES, "there is none; write `[\"*\"]` for any name");
        }
        try {
            List<Template> names = texts.stream().map(Template::new).toList();
            Rule.patterns(names, claim -> SAMPLE);
            return names;
        } catch (IllegalArgumentException e) {
            throw section.error(NAMES, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public String inWords(Throwable fault) {
        return "--issuers: " + Objects.requireNonNullElse(fault.getMessage(), fault.toString());
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
