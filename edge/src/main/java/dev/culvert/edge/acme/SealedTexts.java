package dev.culvert.edge.acme;

import dev.culvert.edge.registry.ClusterTexts;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Texts in the cluster's memory that only nodes with its secret can read, and none that another has written or moved is
 * taken for one of theirs. Safe for use by any thread; all but {@link #find} blocks while the cluster is asked.
 */
final class SealedTexts {
    private final ClusterTexts texts;
    private final String purpose;
    private final Seal seal;

    /**
     * Texts.
     *
     * @param purpose tells them from others that have the same seal
     */
    SealedTexts(ClusterTexts texts, String purpose, Seal seal) {
        this.texts = texts;
        this.purpose = purpose;
        this.seal = seal;
    }

    Set<String> keys() {
        return texts.keys();
    }

    /** The text of a key; empty as well where it was sealed by another secret, or under another key. */
    Optional<String> get(String key) {
        return texts.get(key).flatMap(text -> open(key, text));
    }

    /** The same for a caller who does not wait; completes on any thread. */
    Future<Optional<String>> find(String key) {
        return texts.find(key).map(found -> found.flatMap(text -> open(key, text)));
    }

    void put(String key, String text) {
        texts.put(key, seal(key, text));
    }

    /** Sets a text that is gone after a while. */
    void put(String key, String text, Duration kept) {
        texts.put(key, seal(key, text), kept);
    }

    void remove(String key) {
        texts.remove(key);
    }

    boolean isOldest() {
        return texts.isOldest();
    }

    boolean isMember() {
        return texts.isMember();
    }

    private String seal(String key, String text) {
        return seal.seal(purpose + " " + key, text);
    }

    private Optional<String> open(String key, String text) {
        return seal.open(purpose + " " + key, text);
    }
}
