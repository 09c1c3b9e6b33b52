package dev.culvert.edge;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What {@code kubectl kustomize} makes of a folder, read strictly: keys given twice and unknown fields are refused. */
final class Manifests {
    private static final int WAIT_SECONDS = 60;

    private final List<Node> all = new ArrayList<>();

    private Manifests() {}

    /** A part of a manifest, with a path to it like {@code spec/template}; lists by their position. */
    record Node(Object value) {
        Node at(String path) {
            Object found = value;
            for (String step : path.split("/")) {
                found = found instanceof List<?> list
                        ? list.get(Integer.parseInt(step))
                        : ((Map<?, ?>) found).get(step);
                if (found == null) {
                    throw new AssertionError("there is no %s (of %s) in %s".formatted(step, path, value));
                }
            }
            return new Node(found);
        }

        List<Node> list(String path) {
            return ((List<?>) at(path).value).stream().map(Node::new).toList();
        }

        /** The element of a list that has this name. */
        Node named(String path, String name) {
            return list(path).stream()
                    .filter(one -> name.equals(one.text("name")))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no %s called %s in %s".formatted(path, name, value)));
        }

        String text(String path) {
            return at(path).value.toString();
        }

        int number(String path) {
            return (Integer) at(path).value;
        }

        boolean has(String field) {
            return ((Map<?, ?>) value).containsKey(field);
        }
    }

    static Manifests of(Path folder) throws IOException, InterruptedException {
        Process kubectl = new ProcessBuilder(kubectl(), "kustomize", folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] built = kubectl.getInputStream().readAllBytes();
        if (!kubectl.waitFor(WAIT_SECONDS, TimeUnit.SECONDS) || kubectl.exitValue() != 0) {
            throw new AssertionError("kubectl kustomize %s failed; it said why above".formatted(folder));
        }
        Manifests manifests = new Manifests();
        for (Object document : yaml().loadAll(new String(built, java.nio.charset.StandardCharsets.UTF_8))) {
            manifests.all.add(new Node(document));
        }
        manifests.refuseUnknownFields();
        return manifests;
    }

    /** The only one of the kind with that name; a generated name may have a hash behind it. */
    Node get(String kind, String name) {
        List<Node> found = all.stream()
                .filter(one -> one.text("kind").equals(kind)
                        && one.text("metadata/name").matches(name + "(-[a-z0-9]{10})?"))
                .toList();
        if (found.size() != 1) {
            throw new AssertionError("%d of kind %s called %s".formatted(found.size(), kind, name));
        }
        return found.get(0);
    }

    List<Node> all() {
        return all;
    }

    private void refuseUnknownFields() throws IOException {
        Map<?, ?> kinds;
        try (InputStream fields = Manifests.class.getResourceAsStream("kubernetes-fields.yaml")) {
            kinds = (Map<?, ?>) ((Map<?, ?>) yaml().load(fields)).get("kinds");
        }
        for (Node one : all) {
            String kind = one.text("apiVersion") + "/" + one.text("kind");
            Object allowed = kinds.get(kind);
            if (allowed == null) {
                throw new AssertionError("manifests of " + kind + " are not known");
            }
            refuseUnknown(kind, one.value, allowed);
        }
    }

    static void refuseUnknown(String where, Object value, Object allowed) {
        if (allowed.equals("any")) {
            return;
        } else if (value instanceof List<?> list) {
            list.forEach(one -> refuseUnknown(where, one, allowed));
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((field, inside) -> {
                Object known = ((Map<?, ?>) allowed).get(field);
                if (known == null) {
                    throw new AssertionError("%s has no field %s".formatted(where, field));
                }
                refuseUnknown(where + "/" + field, inside, known);
            });
        } else {
            throw new AssertionError("%s is %s, where fields should be".formatted(where, value));
        }
    }

    private static Yaml yaml() {
        LoaderOptions strict = new LoaderOptions();
        strict.setAllowDuplicateKeys(false);
        return new Yaml(new SafeConstructor(strict));
    }

    private static String kubectl() {
        return Stream.concat(Arrays.stream(System.getenv("PATH").split(":")), Stream.of("/usr/bin"))
                .map(folder -> Path.of(folder, "kubectl"))
                .filter(java.nio.file.Files::isExecutable)
                .findFirst()
                .orElseThrow(() ->
                        new AssertionError("kubectl is not installed, and this test needs it; ./verify installs it"))
                .toString();
    }
}
