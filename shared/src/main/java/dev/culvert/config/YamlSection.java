package dev.culvert.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A mapping of a YAML file. It knows the line and column of each of its keys, so that an error can name them.
 *
 * <p>Keys are spelled as the options of the command line are, without the dashes before them: {@code lane-port}. An
 * underscore is the same as a hyphen: {@code lane_port}. Values are text as it was written; no type is guessed, so that
 * {@code 08} or {@code off} stay what they are.
 */
public final class YamlSection {
    private final String file;
    private final @Nullable Mark start;
    private final Map<String, Entry> entries;

    private YamlSection(String file, @Nullable Mark start, Map<String, Entry> entries) {
        this.file = file;
        this.start = start;
        this.entries = entries;
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException when it cannot be read, or is not a YAML mapping
     */
    public static YamlSection read(Path file) {
        try {
            return parse(file.toString(), SmallFile.text(file, SmallFile.LARGEST_BYTES));
        } catch (IOException e) {
            throw new ConfigException(FileFaults.sentence(file, e));
        }
    }

    /**
     * Reads text.
     *
     * @param file what errors call it
     */
    public static YamlSection parse(String file, String text) {
        try {
            // Composes nodes only, and so can build no objects; SnakeYAML's own limits bound size and depth.
            Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(text));
            return root == null ? empty(file) : ofMapping(file, root, "the file");
        } catch (MarkedYAMLException e) {
            throw new ConfigException(
                    "%s is not YAML: %s".formatted(place(file, e.getProblemMark()), oneLine(e.getProblem())));
        } catch (YAMLException e) {
            throw new ConfigException("%s is not YAML: %s".formatted(file, oneLine(e.getMessage())));
        }
    }

    /** A section without keys. */
    public static YamlSection empty(String file) {
        return new YamlSection(file, null, Map.of());
    }

    /** The same without these keys. */
    public YamlSection without(Set<String> keys) {
        Map<String, Entry> left = new LinkedHashMap<>(entries);
        left.keySet().removeAll(keys);
        return new YamlSection(file, start, left);
    }

    /** The keys, in their order and with hyphens. */
    public Set<String> keys() {
        return entries.keySet();
    }

    /** A value as text; of a list its items, with commas between them; empty where there is none. */
    public Optional<String> text(String key) {
        Entry entry = entries.get(key);
        if (entry == null || isNull(entry.value())) {
            return Optional.empty();
        }
        if (entry.value() instanceof SequenceNode list) {
            return Optional.of(
                    list.getValue().stream().map(item -> scalar(key, item)).collect(Collectors.joining(",")));
        }
        return Optional.of(scalar(key, entry.value()));
    }

    /** A value's texts: of a list its items; none where there is none. */
    public List<String> texts(String key) {
        Entry entry = entries.get(key);
        return entry != null && entry.value() instanceof SequenceNode list
                ? list.getValue().stream().map(item -> scalar(key, item)).toList()
                : text(key).stream().toList();
    }

    /** Whether the key is there and has no value, or an empty list. */
    public boolean isEmpty(String key) {
        return entries.containsKey(key) && texts(key).isEmpty();
    }

    /** Whether the key's value is one text, not keys or a list. */
    public boolean isText(String key) {
        Entry entry = entries.get(key);
        return entry != null && entry.value() instanceof ScalarNode && !isNull(entry.value());
    }

    /** The mapping below a key; empty where there is none. */
    public Optional<YamlSection> section(String key) {
        Entry entry = entries.get(key);
        return entry == null || isNull(entry.value())
                ? Optional.empty()
                : Optional.of(ofMapping(file, entry.value(), key));
    }

    /** The mappings in the list below a key, in their order; none where there is none. */
    public List<YamlSection> sections(String key) {
        Entry entry = entries.get(key);
        if (entry == null || isNull(entry.value())) {
            return List.of();
        }
        if (!(entry.value() instanceof SequenceNode list)) {
            throw error(key, "must be a list, with a dash before each of its items");
        }
        return list.getValue().stream()
                .map(item -> ofMapping(file, item, "each item of " + key))
                .toList();
    }

    /** The texts below a key, by names that stay as they are written, because they are not ours; none where there is none. */
    public Map<String, String> named(String key) {
        Entry entry = entries.get(key);
        if (entry == null || isNull(entry.value())) {
            return Map.of();
        }
        if (!(entry.value() instanceof MappingNode mapping)) {
            throw error(key, "must be keys with values, like `name: value`");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String name = scalar(key, tuple.getKeyNode());
            if (texts.putIfAbsent(name, scalar(name, tuple.getValueNode())) != null) {
                throw error(key, name + " is there a second time");
            }
        }
        return texts;
    }

    /**
     * Refuses all other keys.
     *
     * @throws ConfigException with the place of the first, and the keys that there are
     */
    public void allowOnly(Set<String> known) {
        for (String key : entries.keySet()) {
            if (!known.contains(key)) {
                throw error(key, "unknown key; known are " + String.join(", ", new TreeSet<>(known)));
            }
        }
    }

    /** An error about a key, with its place: {@code edge.yaml, line 3, column 1: lane-port: …}. */
    public ConfigException error(String key, String message) {
        return new ConfigException("%s: %s: %s".formatted(placeOf(key), key, message));
    }

    /** Where a key stands, for people: {@code edge.yaml, line 3, column 1}. */
    public String placeOf(String key) {
        Entry entry = entries.get(key);
        return place(file, entry == null ? start : entry.mark());
    }

    private static YamlSection ofMapping(String file, Node node, String what) {
        if (!(node instanceof MappingNode mapping)) {
            throw new ConfigException("%s: %s must be keys with values, like `name: value`"
                    .formatted(place(file, node.getStartMark()), what));
        }
        YamlSection section = new YamlSection(file, node.getStartMark(), new LinkedHashMap<>());
        for (NodeTuple tuple : mapping.getValue()) {
            section.add(tuple);
        }
        return section;
    }

    private void add(NodeTuple tuple) {
        Mark mark = tuple.getKeyNode().getStartMark();
        if (!(tuple.getKeyNode() instanceof ScalarNode name)) {
            throw new ConfigException("%s: a key must be a word".formatted(place(file, mark)));
        }
        String key = name.getValue().replace('_', '-');
        Entry earlier = entries.putIfAbsent(key, new Entry(mark, tuple.getValueNode()));
        if (earlier != null) {
            throw new ConfigException("%s: %s is there a second time; the first is in line %d"
                    .formatted(place(file, mark), key, earlier.mark().getLine() + 1));
        }
    }

    private String scalar(String key, Node node) {
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        throw new ConfigException("%s: %s must be one value, not keys or lists below it"
                .formatted(place(file, node.getStartMark()), key));
    }

    private static boolean isNull(Node node) {
        return Tag.NULL.equals(node.getTag());
    }

    private static String place(String file, @Nullable Mark mark) {
        return mark == null ? file : "%s, line %d, column %d".formatted(file, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static String oneLine(@Nullable String problem) {
        return problem == null ? "it cannot be read" : problem.strip().replaceAll("\\s+", " ");
    }

    private record Entry(Mark mark, Node value) {}
}
