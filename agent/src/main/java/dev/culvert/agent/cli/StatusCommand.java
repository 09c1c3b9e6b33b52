package dev.culvert.agent.cli;

import dev.culvert.admission.Admission;
import dev.culvert.config.Secret;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** {@code culvert status}: the tunnels of an edge, as its admin port tells them. */
final class StatusCommand implements Callable<Integer> {
    private static final String DEFAULT_ADMIN = "http://127.0.0.1:7090";
    private static final String PATH = "/api/v1/tunnels";

    /** How long connecting and each read may take, in milliseconds. */
    private static final int TIMEOUT_MILLIS = 5000;

    /** A hundred thousand tunnels fit. */
    private static final int MOST_BYTES = 64 * 1024 * 1024;

    private final Surroundings surroundings;
    private @Nullable CommandSpec spec;

    private StatusCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    static CommandSpec spec(Surroundings surroundings) {
        StatusCommand command = new StatusCommand(surroundings);
        CommandSpec spec = CommandSpec.wrapWithoutInspection(command).mixinStandardHelpOptions(true);
        spec.usageMessage().description("Lists the tunnels of an edge.");
        Arrays.stream(AgentOption.values())
                .filter(AgentOption.OF_STATUS::contains)
                .forEach(option -> spec.addOption(TunnelCommand.option(option, help(option))));
        command.spec = spec;
        return spec;
    }

    /** With the same word the other commands print what happens. */
    private static String help(AgentOption option) {
        return option == AgentOption.JSON ? "Print each tunnel as a JSON object, one a line." : option.help;
    }

    @Override
    public Integer call() {
        Choices choices = new Choices(
                TunnelCommand.flags(Objects.requireNonNull(spec).commandLine().getParseResult()),
                surroundings.settings(List.of()));
        URI admin = choices.read(AgentOption.ADMIN, StatusCommand::url).orElse(URI.create(DEFAULT_ADMIN));
        JsonArray tunnels = tunnels(admin, AgentChoices.tokenFile(choices, AgentOption.ADMIN_TOKEN_FILE));
        if (choices.isOn(AgentOption.JSON)) {
            tunnels.stream()
                    .map(JsonObject.class::cast)
                    .forEach(tunnel -> surroundings.out().println(JsonOutput.encoded(tunnel)));
        } else if (tunnels.isEmpty()) {
            surroundings.out().println("No tunnels. Open one with `culvert http PORT`.");
        } else {
            table(tunnels).forEach(surroundings.out()::println);
        }
        if (surroundings.out().checkError()) {
            throw new CommandFailedException("the list could not be written to standard output");
        }
        return 0;
    }

    private static URI url(String text) {
        URI url;
        try {
            url = new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("\"%s\" is not a URL like %s".formatted(text, DEFAULT_ADMIN), e);
        }
        if (url.getHost() == null || !List.of("http", "https").contains(String.valueOf(url.getScheme()))) {
            throw new IllegalArgumentException("\"%s\" is not a URL like %s".formatted(text, DEFAULT_ADMIN));
        }
        return url;
    }

    private static JsonArray tunnels(URI admin, Optional<Secret> token) {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create(admin + PATH).toURL().openConnection();
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            connection.setInstanceFollowRedirects(false);
            token.ifPresent(secret -> connection.setRequestProperty("Authorization", "Bearer " + secret.reveal()));
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK) {
                throw new CommandFailedException(refusal(admin, status, token.isPresent()));
            }
            try (InputStream body = connection.getInputStream()) {
                return new JsonArray(new String(body.readNBytes(MOST_BYTES), StandardCharsets.UTF_8));
            }
        } catch (DecodeException | ClassCastException e) {
            throw new CommandFailedException(
                    "%s answers, but not as an edge's admin port does; name it with --admin".formatted(admin));
        } catch (SSLException e) {
            boolean untrusted = e.getCause() instanceof CertificateException;
            throw new CommandFailedException("the edge's admin port at %s cannot be asked: %s"
                    .formatted(
                            admin,
                            untrusted
                                    ? "its certificate is not signed by an authority that this machine trusts"
                                    : String.valueOf(e.getMessage())));
        } catch (IOException e) {
            throw new CommandFailedException(("no edge's admin port answers at %s (%s); start an edge with"
                            + " `culvert edge`, or name its admin URL with --admin")
                    .formatted(admin, String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT)));
        }
    }

    private static String refusal(URI admin, int status, boolean hadToken) {
        return switch (status) {
            case HttpURLConnection.HTTP_UNAUTHORIZED ->
                (hadToken
                                ? "the edge's admin port at %s has another token than that of --admin-token-file"
                                : "the edge's admin port at %s wants its token; name the file with --admin-token-file")
                        .formatted(admin);
            case HttpURLConnection.HTTP_NOT_FOUND ->
                "%s answers, but not as an edge's admin port does; name it with --admin".formatted(admin);
            default -> "the edge's admin port at %s answered with status %d".formatted(admin, status);
        };
    }

    private static List<String> table(JsonArray tunnels) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NAME", "URL", "TARGET", "AGENTS", "VISITORS", "REQUESTS", "RATE", "VISITORS NEED"));
        for (int i = 0; i < tunnels.size(); i++) {
            rows.add(row(tunnels.getJsonObject(i)));
        }
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        rows.forEach(row -> {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static List<String> row(JsonObject tunnel) {
        long agents = tunnel.getJsonArray("holders", new JsonArray()).stream()
                .map(holder -> ((JsonObject) holder).getString("instance"))
                .distinct()
                .count();
        String needed = Admission.words(
                tunnel.getInteger("passwords", 0),
                tunnel.getJsonArray("people", new JsonArray()).size(),
                tunnel.getJsonArray("allowFrom", new JsonArray()).stream()
                        .map(String::valueOf)
                        .toList());
        boolean unread = !tunnel.getJsonArray("unread", new JsonArray()).isEmpty();
        return List.of(
                text(tunnel, "name"),
                text(tunnel, "url"),
                text(tunnel, "target"),
                agents == 0 ? "reserved" : Long.toString(agents),
                text(tunnel, "visitors"),
                text(tunnel, "requests"),
                tunnel.getValue("rate") == null ? "off" : text(tunnel, "rate"),
                unread ? "what this edge does not know" : needed.isEmpty() ? "nothing" : needed);
    }

    private static String text(JsonObject tunnel, String field) {
        return PlainOutput.printable(String.valueOf(tunnel.getValue(field, "")));
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
        return line.toString().stripTrailing();
    }
}
