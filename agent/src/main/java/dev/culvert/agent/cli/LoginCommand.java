package dev.culvert.agent.cli;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentException;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.config.Secret;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code culvert login} and {@code culvert logout}: which edge the user's agents go to, and with which token. */
final class LoginCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    private final boolean in;
    private @Nullable CommandSpec spec;

    private LoginCommand(Surroundings surroundings, boolean in) {
        this.surroundings = surroundings;
        this.in = in;
    }

    /** {@code culvert login [EDGE]}. */
    static CommandSpec login(Surroundings surroundings) {
        CommandSpec spec = new LoginCommand(surroundings, true).create();
        spec.usageMessage()
                .description("Keeps an edge and a token for the commands above, once the edge has taken them.")
                .footer(
                        "",
                        "The token is asked for on the terminal, or read from standard input, where neither",
                        "--token-file nor CULVERT_TOKEN names it. Nothing typed is an agent without one.",
                        "Both are kept in config.yaml in ~/.config/culvert, which only you can read; of",
                        "--token-command the command is, and of --ssh-key the file's name.",
                        "",
                        "Examples:",
                        "  culvert login edge.example.com",
                        "  culvert login edge.example.com --ssh-key ~/.ssh/id_ed25519",
                        "  culvert login tls://10.0.0.7:7070 --edge-key sha256:… < token");
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("0..1")
                .type(String.class)
                .paramLabel("EDGE")
                .description("The same as --edge.")
                .build());
        Arrays.stream(AgentOption.values())
                .filter(AgentOption.OF_LOGIN::contains)
                .forEach(option -> spec.addOption(TunnelCommand.option(option)));
        return spec;
    }

    /** {@code culvert logout}. */
    static CommandSpec logout(Surroundings surroundings) {
        CommandSpec spec = new LoginCommand(surroundings, false).create();
        spec.usageMessage().description("Forgets what `culvert login` kept.");
        return spec;
    }

    private CommandSpec create() {
        CommandSpec created = CommandSpec.wrapWithoutInspection(this).mixinStandardHelpOptions(true);
        spec = created;
        return created;
    }

    @Override
    public Integer call() throws Exception {
        ParseResult parsed = Objects.requireNonNull(spec).commandLine().getParseResult();
        return in ? login(parsed) : logout();
    }

    private int logout() {
        UserConfig config = surroundings.userConfig();
        surroundings
                .out()
                .println(
                        config.drop()
                                ? "Logged out; %s has no edge any more.".formatted(config.path())
                                : "Nothing was kept.");
        return 0;
    }

    private int login(ParseResult parsed) throws Exception {
        Map<String, String> flags = TunnelCommand.flags(parsed);
        List<String> words = parsed.matchedPositionals().stream()
                .flatMap(positional -> positional.originalStringValues().stream())
                .toList();
        if (!words.isEmpty() && flags.putIfAbsent(AgentOption.EDGE.key, words.get(0)) != null) {
            throw new IllegalArgumentException("name the edge once, alone or with --edge");
        }
        // Who logs in brings the token: the one that was kept is what is to be replaced.
        Choices choices = surroundings.choicesWithoutToken(flags);
        AgentOptions options = AgentChoices.agent(choices, surroundings);
        Map<String, String> kept = new HashMap<>();
        AgentOption option = AgentChoices.tokenOption(choices).orElse(null);
        if (option == AgentOption.TOKEN_COMMAND || option == AgentOption.SSH_KEY) {
            kept.put(option.key, kept(option, choices));
        } else {
            Secret token = AgentChoices.token(choices).orElse(null);
            token = token == null ? asked(options) : token;
            options = options.withToken(token);
            if (token != null) {
                kept.put(AgentOption.TOKEN.key, token.reveal());
            }
        }
        require(options);
        keep(choices, options, kept);
        surroundings
                .out()
                .printf(
                        "Logged in at %s; kept in %s.%nNext, give a port a name: culvert http 3000%n",
                        options.edge(), surroundings.userConfig().path());
        return 0;
    }

    private @Nullable Secret asked(AgentOptions options) throws IOException {
        String token = surroundings.secrets().read("Token for %s (none: just Enter): ".formatted(options.edge()));
        return token.isEmpty() ? null : Secret.of(token);
    }

    /** Nothing is kept that the edge does not take. */
    private static void require(AgentOptions options) throws InterruptedException {
        Agent agent = Agent.alone(options, AgentListener.NONE);
        try {
            agent.greet().toCompletionStage().toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof AgentException refused
                    ? new CommandFailedException(refused.getMessage() + "; nothing was kept")
                    : new IllegalStateException(e.getCause());
        } finally {
            agent.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    private void keep(Choices choices, AgentOptions options, Map<String, String> values) {
        values.put(AgentOption.EDGE.key, options.edge().toString());
        choices.nearest(AgentOption.CA, AgentOption.EDGE_KEY)
                .ifPresent(option -> values.put(option.key, kept(option, choices)));
        if (options.insecure()) {
            values.put(AgentOption.INSECURE.key, "true");
        }
        surroundings.userConfig().keep(values);
    }

    private static String kept(AgentOption option, Choices choices) {
        String text = choices.text(option).orElse("");
        boolean file = option == AgentOption.CA || option == AgentOption.SSH_KEY;
        return file ? Path.of(text).toAbsolutePath().toString() : text;
    }
}
