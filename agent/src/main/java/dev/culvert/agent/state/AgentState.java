package dev.culvert.agent.state;

import dev.culvert.config.PrivateFiles;
import dev.culvert.config.Secret;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an agent keeps between its starts, in a folder of its user: the secret by which edges know an anonymous agent
 * again, and the names it was given. Several agents may use one folder at once.
 *
 * <p>A folder that cannot be used does not stop the agent: it goes on as if there were none, and {@link #trouble()} says
 * why. All methods block, for the time of a small file; they are safe for use by any thread.
 */
public final class AgentState {
    private static final Logger LOGGER = LoggerFactory.getLogger(AgentState.class);

    private static final String SECRET_FILE = "secret";
    private static final String NAMES_FILE = "names.json";
    private static final String UNREADABLE_FILE = "names.json.unreadable";
    private static final int SECRET_BYTES = 32;

    /** How many names are kept, the latest used: more than anybody has targets, less than a test run leaves behind. */
    private static final int MOST_NAMES = 200;

    private final @Nullable PrivateFiles files;
    private final List<NameRecord> unsaved = new ArrayList<>();
    private @Nullable String trouble;
    private @Nullable Secret secret;

    /**
     * Reads nothing yet.
     *
     * @param folder null to keep nothing
     */
    public AgentState(@Nullable Path folder) {
        files = folder == null ? null : new PrivateFiles(folder);
    }

    /** The anonymous agent's secret; made at the first call ever. */
    public synchronized Secret secret() {
        Secret known = secret;
        if (known == null) {
            known = orElse(this::readOrMakeSecret, AgentState::newSecret);
            secret = known;
        }
        return known;
    }

    /** The name that a tunnel to the target had before without asking for one, the latest first. */
    public synchronized Optional<NameRecord> generatedFor(String edge, String kind, String target, Set<String> not) {
        return names().stream()
                .filter(name -> name.generated()
                        && name.edge().equals(edge)
                        && name.kind().equals(kind)
                        && name.target().equals(target)
                        && !not.contains(name.name()))
                .findFirst();
    }

    /** What is known about a name. */
    public synchronized Optional<NameRecord> named(String edge, String kind, String name) {
        return names().stream()
                .filter(known -> known.edge().equals(edge)
                        && known.kind().equals(kind)
                        && known.name().equals(name))
                .findFirst();
    }

    /** Keeps a name, as the latest used. */
    public void remember(NameRecord name) {
        note(List.of(new NameChange(name, true)));
    }

    /** Keeps it no longer. */
    public void forget(NameRecord name) {
        note(List.of(new NameChange(name, false)));
    }

    /** Notes changes in their order, with one write for all. */
    public synchronized void note(List<NameChange> changes) {
        List<NameRecord> kept = orElse(
                folder -> {
                    List<NameRecord> names = changed(read(folder), changes);
                    folder.write(NAMES_FILE, write(names));
                    return names;
                },
                () -> changed(unsaved, changes));
        unsaved.clear();
        unsaved.addAll(kept);
    }

    /** Why nothing can be kept, in a sentence; empty while it can. */
    public synchronized Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    private Secret readOrMakeSecret(PrivateFiles folder) throws IOException {
        String kept = folder.read(SECRET_FILE).strip();
        if (!kept.isEmpty()) {
            return Secret.of(kept);
        }
        Secret made = newSecret();
        folder.write(SECRET_FILE, made.reveal() + "\n");
        return made;
    }

    private List<NameRecord> names() {
        return orElse(AgentState::read, () -> List.copyOf(unsaved));
    }

    private static List<NameRecord> changed(List<NameRecord> names, List<NameChange> changes) {
        List<NameRecord> changed = names;
        for (NameChange change : changes) {
            Stream<NameRecord> others = changed.stream().filter(other -> !other.isSameName(change.name()));
            changed = (change.kept() ? Stream.concat(Stream.of(change.name()), others) : others)
                    .limit(MOST_NAMES)
                    .toList();
        }
        return changed;
    }

    /** Names are a convenience: where somebody edited them, or a later release wrote them, the edge makes up new ones. */
    private static List<NameRecord> read(PrivateFiles folder) throws IOException {
        String text = folder.read(NAMES_FILE);
        if (text.isBlank()) {
            return List.of();
        }
        JsonArray names;
        try {
            names = Objects.requireNonNull(new JsonObject(text).getJsonArray("names", new JsonArray()));
        } catch (RuntimeException e) {
            folder.write(UNREADABLE_FILE, text);
            LOGGER.atWarn()
                    .addKeyValue("file", NAMES_FILE)
                    .addKeyValue("kept", UNREADABLE_FILE)
                    .log("names are not readable; starting afresh");
            return List.of();
        }
        return names.stream().flatMap(AgentState::record).toList();
    }

    private static Stream<NameRecord> record(Object entry) {
        try {
            return Stream.of(NameRecord.of((JsonObject) entry));
        } catch (RuntimeException e) {
            LOGGER.atWarn().addKeyValue("file", NAMES_FILE).log("a name is not readable; passed over");
            return Stream.empty();
        }
    }

    private static String write(List<NameRecord> names) {
        JsonArray array = new JsonArray();
        names.forEach(name -> array.add(name.toJson()));
        return new JsonObject().put("names", array).encodePrettily() + "\n";
    }

    private static Secret newSecret() {
        byte[] bytes = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(bytes);
        return Secret.of(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    }

    private static String reason(Exception e) {
        return e instanceof AccessDeniedException ? "no permission" : String.valueOf(e.getMessage());
    }

    /** What is asked of the folder. */
    private interface Question<T> {
        T ask(PrivateFiles folder) throws IOException;
    }

    private <T> T orElse(Question<T> question, Supplier<T> otherwise) {
        if (files == null || trouble != null) {
            return otherwise.get();
        }
        try {
            return files.alone(() -> question.ask(files));
        } catch (IOException | UnsupportedOperationException e) {
            trouble = "cannot keep names and secret in %s (%s); names will change at the next start"
                    .formatted(files.folder(), reason(e));
            return otherwise.get();
        }
    }
}
