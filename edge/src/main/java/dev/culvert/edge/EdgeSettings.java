package dev.culvert.edge;

import dev.culvert.admission.Networks;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Durations;
import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Rate;
import dev.culvert.config.Settings;
import dev.culvert.edge.acme.AcmeOptions;
import dev.culvert.edge.admin.AdminOptions;
import dev.culvert.edge.tls.PemFiles;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes {@link EdgeOptions} of what a person wrote: flags first, then variables, then the file, then the default. */
final class EdgeSettings {
    /** They keep people out, or an eye on them: what was left empty by mistake must not be taken for left out. */
    private static final List<EdgeOption> CLOSING = List.of(
            EdgeOption.TOKENS,
            EdgeOption.ISSUERS,
            EdgeOption.AGENT_KEYS,
            EdgeOption.SIGN_IN,
            EdgeOption.SSH_KEYS,
            EdgeOption.VISITOR_RATE,
            EdgeOption.ACCESS_LOG,
            EdgeOption.ADMIN_TOKEN_FILE,
            EdgeOption.CLUSTER_SECRET_FILE,
            EdgeOption.BUS_TLS);

    private final Map<String, String> flags;
    private final Settings settings;

    /**
     * @param flags values by long name without dashes
     */
    EdgeSettings(Map<String, String> flags, Settings settings) {
        this.flags = Map.copyOf(flags);
        this.settings = settings;
    }

    /** The options; fails with {@link ConfigException}, which says what is wrong and where it was written. */
    EdgeOptions read() {
        CLOSING.forEach(this::requireValue);
        EdgeOptions none = EdgeOptions.DEFAULT;
        return new EdgeOptions(
                value(EdgeOption.DOMAIN, Function.identity(), none.domain()),
                value(EdgeOption.BIND, Function.identity(), none.bind()),
                find(EdgeOption.PUBLIC_URL, EdgeSettings::url),
                new EdgeOptions.Ports(
                        value(
                                EdgeOption.HTTP_PORT,
                                ListenPort::parse,
                                none.ports().http()),
                        value(
                                EdgeOption.LANE_PORT,
                                ListenPort::parse,
                                none.ports().lane()),
                        value(
                                EdgeOption.TCP_PORTS,
                                PortRange::parse,
                                none.ports().tcp())),
                tls(),
                new EdgeOptions.Access(
                        find(EdgeOption.TOKENS, EdgeSettings::path),
                        find(EdgeOption.ISSUERS, EdgeSettings::path),
                        find(EdgeOption.AGENT_KEYS, EdgeSettings::path),
                        find(EdgeOption.SIGN_IN, EdgeSettings::path),
                        value(EdgeOption.ALLOW_ANONYMOUS, EdgeSettings::yes, false),
                        value(EdgeOption.INSECURE, EdgeSettings::yes, false)),
                new EdgeOptions.Localtunnel(
                        value(EdgeOption.LOCALTUNNEL, EdgeSettings::yes, false),
                        value(EdgeOption.LOCALTUNNEL_PORTS, PortRange::parse, PortRange.OFF),
                        find(EdgeOption.LOCALTUNNEL_ADDRESS, Function.identity())),
                new EdgeOptions.Ssh(
                        value(EdgeOption.SSH_PORT, ListenPort::parse, none.ssh().port()),
                        find(EdgeOption.SSH_KEYS, EdgeSettings::path),
                        find(EdgeOption.SSH_HOST_KEY, EdgeSettings::path)),
                value(EdgeOption.TRUSTED_PROXIES, Networks::parse, none.trustedProxies()),
                find(EdgeOption.VISITOR_RATE, Rate::parseOrOff),
                find(EdgeOption.ACCESS_LOG, EdgeSettings::path),
                new AdminOptions(
                        value(
                                EdgeOption.ADMIN_PORT,
                                ListenPort::parse,
                                none.admin().port()),
                        value(
                                EdgeOption.ADMIN_BIND,
                                Function.identity(),
                                none.admin().bind()),
                        find(EdgeOption.ADMIN_TOKEN_FILE, EdgeSettings::path)),
                new EdgeOptions.Names(
                        value(EdgeOption.GRACE, Durations::parse, none.names().grace()),
                        find(EdgeOption.CLUSTER_SECRET_FILE, EdgeSettings::path)),
                cluster(),
                find(EdgeOption.DRAIN_NOTICE, Durations::parse),
                value(EdgeOption.DRAIN_TIMEOUT, Durations::parse, none.drainTimeout()),
                find(EdgeOption.NODE_ID, Function.identity()),
                value(EdgeOption.EVENT_LOOPS, EdgeSettings::count, none.eventLoops()),
                none.lanes());
    }

    private EdgeOptions.Tls tls() {
        List<Path> certificates = value(EdgeOption.CERT, EdgeSettings::paths, List.of());
        List<Path> keys = value(EdgeOption.KEY, EdgeSettings::paths, List.of());
        if (certificates.size() != keys.size()) {
            throw new ConfigException(
                    "--cert and --key belong together: each certificate needs its key, in the same order; there are %d and %d"
                            .formatted(certificates.size(), keys.size()));
        }
        List<PemFiles.Pair> pairs = new ArrayList<>();
        for (int at = 0; at < keys.size(); at++) {
            pairs.add(new PemFiles.Pair(certificates.get(at), keys.get(at)));
        }
        EdgeOptions.Tls none = EdgeOptions.DEFAULT.tls();
        return new EdgeOptions.Tls(
                value(EdgeOption.HTTPS_PORT, ListenPort::parse, none.https()),
                pairs,
                acme(),
                value(EdgeOption.HTTPS_REDIRECT, EdgeSettings::yes, none.redirect()),
                value(EdgeOption.TLS_PORT, ListenPort::parse, none.passthrough()),
                none.authority());
    }

    private @Nullable AcmeOptions acme() {
        URI directory = find(EdgeOption.ACME, EdgeSettings::acmeDirectory);
        String email = find(EdgeOption.ACME_EMAIL, EdgeSettings::word);
        Path ca = find(EdgeOption.ACME_CA, EdgeSettings::path);
        Path eab = find(EdgeOption.ACME_EAB_FILE, EdgeSettings::path);
        Path dns = find(EdgeOption.ACME_DNS, EdgeSettings::path);
        if (directory != null) {
            return AcmeOptions.of(directory, email, ca, eab, dns);
        } else if (find(EdgeOption.ACME, Function.identity()) == null
                && Stream.of(email, ca, eab, dns).anyMatch(Objects::nonNull)) {
            throw new ConfigException("the options --acme-... need --acme: where certificates come from");
        }
        return null;
    }

    private static @Nullable URI acmeDirectory(String text) {
        return text.equals("off") || text.equals("false") ? null : AcmeOptions.directory(text);
    }

    private ClusterOptions cluster() {
        List<String> join = value(EdgeOption.JOIN, ClusterOptions::addresses, List.of());
        return new ClusterOptions(
                value(EdgeOption.CLUSTER, EdgeSettings::environment, join.isEmpty() ? "off" : "static"),
                find(EdgeOption.CLUSTER_NAME, EdgeSettings::word),
                find(EdgeOption.CLUSTER_HOST, Function.identity()),
                find(EdgeOption.CLUSTER_PORT, EdgeSettings::port),
                find(EdgeOption.BUS_PORT, EdgeSettings::port),
                join,
                find(EdgeOption.BUS_TLS, EdgeSettings::path));
    }

    private void requireValue(EdgeOption option) {
        String flag = flags.get(option.key);
        boolean nothing = flag == null
                ? settings.isLeftEmpty(option.key) && settings.find(option.key).isEmpty()
                : flag.isBlank();
        if (nothing) {
            throw new ConfigException("%s: there is nothing in it (a flag, the variable %s or a key of the file);"
                            .formatted(option.key, Settings.variableName(option.key))
                    + " leave it out where it is not meant");
        }
    }

    private <T> T value(EdgeOption option, Function<String, T> parse, T otherwise) {
        T found = find(option, parse);
        return found == null ? otherwise : found;
    }

    private <T> @Nullable T find(EdgeOption option, Function<String, @Nullable T> parse) {
        Optional<String> text = Optional.ofNullable(flags.get(option.key)).or(() -> settings.find(option.key));
        if (text.isEmpty()) {
            return null;
        }
        try {
            return parse.apply(text.get());
        } catch (ConfigException e) {
            throw new ConfigException("%s: %s".formatted(place(option), e.getMessage()));
        }
    }

    private String place(EdgeOption option) {
        return flags.containsKey(option.key)
                ? "--" + option.key
                : settings.source(option.key)
                        .map(source -> "%s: %s".formatted(source, option.key))
                        .orElse(option.key);
    }

    private static boolean yes(String text) {
        return switch (text) {
            case "true", "yes", "on" -> true;
            case "false", "no", "off" -> false;
            default -> throw new ConfigException("must be true or false, was " + text);
        };
    }

    private static String environment(String text) {
        if (text.isBlank()) {
            throw new ConfigException("must be off, local, static, kubernetes, or the name of a file");
        }
        return text.equals("false") ? "off" : path(text).toString(); // YAML takes a bare off for false.
    }

    private static String word(String text) {
        if (text.isBlank()) {
            throw new ConfigException("must not be empty");
        }
        return text;
    }

    private static int port(String text) {
        ListenPort port = ListenPort.parse(text);
        if (!port.isOn()) {
            throw new ConfigException("cannot be off: nodes need it; --cluster off is for an edge alone");
        }
        return port.number();
    }

    private static int count(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new ConfigException("must be a whole number, was " + text);
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new ConfigException("is not a file name: " + text);
        }
    }

    private static List<Path> paths(String text) {
        return Stream.of(text.split(",", -1))
                .map(String::strip)
                .map(EdgeSettings::word)
                .map(EdgeSettings::path)
                .toList();
    }

    private static URI url(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new ConfigException("is not a URL: " + text);
        }
    }
}
