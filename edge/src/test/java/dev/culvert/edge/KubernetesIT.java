package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Settings;
import dev.culvert.config.YamlSection;
import dev.culvert.edge.Manifests.Node;
import dev.culvert.edge.tls.PemFiles;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The manifests in {@code k8s/} and the program say the same. */
class KubernetesIT {
    private static final Path CHECKOUT = checkout();
    private static final String APP = "culvert-edge";

    /** What a JVM takes beside the heap and direct memory: code, classes, threads, Hazelcast's and Netty's own. */
    private static final int REST_OF_THE_JVM_MIB = 192;

    /** Who hears of an unready pod late must still find it open. */
    private static final Duration SPARE = Duration.ofSeconds(5);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void portsAreThoseOfTheProgram(String which) throws Exception {
        Manifests manifests = manifests(which);
        EdgeOptions options = options(manifests);
        Map<String, Integer> wanted = new HashMap<>(Map.of(
                "visitors", EdgeOptions.DEFAULT.ports().http().number(),
                "lanes", EdgeOptions.DEFAULT.ports().lane().number(),
                "admin", EdgeOptions.DEFAULT.admin().port().number(),
                "hazelcast", ClusterOptions.DEFAULT_PORT,
                "event-bus", options.cluster().busPortOrDefault()));
        if (options.tls().https().isOn()) {
            wanted.put("https", options.tls().https().number());
        }

        Map<String, Integer> open = new HashMap<>();
        container(manifests).list("ports").forEach(port -> open.put(port.text("name"), port.number("containerPort")));

        assertEquals(wanted, open);
        // The settings leave them as they are.
        assertEquals(EdgeOptions.DEFAULT.ports(), options.ports());
        assertEquals(EdgeOptions.DEFAULT.admin().port(), options.admin().port());
        assertEquals(wanted.get("hazelcast"), options.cluster().portOrDefault());
        // Services lead to ports that there are, by their names.
        for (Node service : ofKind(manifests, "Service")) {
            assertEquals(
                    Map.of("app.kubernetes.io/name", APP),
                    service.at("spec/selector").value());
            service.list("spec/ports")
                    .forEach(port -> assertTrue(open.containsKey(port.text("targetPort")), port::toString));
        }
        assertEquals(
                wanted.get("admin").toString(),
                pod(manifests).at("metadata/annotations").value() instanceof Map<?, ?> annotations
                        ? annotations.get("prometheus.io/port")
                        : null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void edgesFindEachOtherBeforeTheyAreReady(String which) throws Exception {
        Manifests manifests = manifests(which);
        ClusterOptions cluster = options(manifests).cluster();

        assertEquals("kubernetes", cluster.environment());
        assertEquals(1, cluster.join().size());
        Node nodes = manifests.get("Service", cluster.join().get(0));
        assertEquals("None", nodes.text("spec/clusterIP"));
        assertEquals("true", nodes.text("spec/publishNotReadyAddresses"));
        assertEquals(
                ClusterOptions.DEFAULT_PORT,
                nodes.named("spec/ports", "hazelcast").number("port"));
        assertEquals(
                cluster.busPortOrDefault(),
                nodes.named("spec/ports", "event-bus").number("port"));
        assertEquals("status.podIP", variable(manifests, "CULVERT_CLUSTER_HOST"));
        assertEquals("metadata.name", variable(manifests, "CULVERT_NODE_ID"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void podThatDrainsIsNotKilledMeanwhile(String which) throws Exception {
        Manifests manifests = manifests(which);
        EdgeOptions options = options(manifests);
        Duration wholeEnd = options.drainNoticeOrDefault()
                .plus(options.drainTimeout())
                .plus(Program.ENDING.multipliedBy(2)); // The edge's parts, then Vert.x.

        Node readiness = container(manifests).at("readinessProbe");
        long unreadyAfter = (long) readiness.number("periodSeconds") * readiness.number("failureThreshold");

        assertEquals(EdgeOptions.DEFAULT.drainTimeout(), options.drainTimeout());
        assertTrue(
                pod(manifests).number("spec/terminationGracePeriodSeconds")
                        >= wholeEnd.plus(SPARE).toSeconds(),
                "the end can take " + wholeEnd);
        assertTrue(unreadyAfter < options.drainNoticeOrDefault().toSeconds(), "unready too late");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void probesAskWhatAnswersWithoutAToken(String which) throws Exception {
        Node container = container(manifests(which));

        assertEquals("/healthz", container.text("livenessProbe/httpGet/path"));
        assertEquals("/healthz", container.text("startupProbe/httpGet/path"));
        assertEquals("/readyz", container.text("readinessProbe/httpGet/path"));
        for (String probe : List.of("livenessProbe", "startupProbe", "readinessProbe")) {
            assertEquals("admin", container.text(probe + "/httpGet/port"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void filesThatTheSettingsNameAreMounted(String which) throws Exception {
        Manifests manifests = manifests(which);
        EdgeOptions options = options(manifests);
        Node secret = pod(manifests).named("spec/volumes", "secrets").at("secret");
        String mount = container(manifests).named("volumeMounts", "secrets").text("mountPath");

        Set<Path> mounted = secret.list("items").stream()
                .map(item -> Path.of(mount, item.text("path")))
                .collect(Collectors.toSet());

        assertEquals(
                mounted,
                Set.of(
                        options.access().tokens(),
                        options.names().clusterSecretFile(),
                        options.admin().tokenFile()));
        for (PemFiles.Pair pair : options.tls().certificates()) {
            String folder =
                    container(manifests).named("volumeMounts", "certificate").text("mountPath");
            // What a Secret of the type kubernetes.io/tls has in it.
            assertEquals(new PemFiles.Pair(Path.of(folder, "tls.crt"), Path.of(folder, "tls.key")), pair);
        }
        String config = container(manifests).named("volumeMounts", "config").text("mountPath");
        assertEquals(
                List.of("edge", "--config", config),
                container(manifests).at("args").value());
        // The generated name, hash and all.
        assertEquals(
                manifests.get("ConfigMap", APP).text("metadata/name"),
                pod(manifests).named("spec/volumes", "config").text("configMap/name"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void onlyEdgesReachTheClusterPortsAndNotEverybodyTheAdminPort(String which) throws Exception {
        Manifests manifests = manifests(which);
        Node policy = manifests.get("NetworkPolicy", APP);
        Map<Integer, String> from = new HashMap<>();
        for (Node rule : policy.list("spec/ingress")) {
            for (Node port : rule.list("ports")) {
                String before = from.put(
                        port.number("port"),
                        rule.has("from") ? rule.at("from").value().toString() : "anybody");
                assertNull(before, "two rules for one port");
            }
        }
        String edges = "[{podSelector={matchLabels={app.kubernetes.io/name=culvert-edge}}}]";

        Set<Integer> wanted = new HashSet<>(Set.of(7080, 7070, 7090, 5701, 5702));
        EdgeOptions.Tls tls = options(manifests).tls();
        if (tls.https().isOn()) {
            wanted.add(tls.https().number());
            assertEquals("anybody", from.get(tls.https().number()));
        }
        assertEquals(wanted, from.keySet());
        assertEquals("anybody", from.get(EdgeOptions.DEFAULT.ports().http().number()));
        assertEquals("anybody", from.get(EdgeOptions.DEFAULT.ports().lane().number()));
        assertEquals(edges, from.get(5701));
        assertEquals(edges, from.get(5702));
        assertEquals("[Ingress, Egress]", policy.text("spec/policyTypes"));
        assertFalse(Set.of("anybody", edges).contains(from.get(7090)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/example", "overlays/https"})
    void podsMayDoNothingThatEdgesDoNot(String which) throws Exception {
        Manifests manifests = manifests(which);
        Node container = container(manifests);

        assertEquals("true", pod(manifests).text("spec/securityContext/runAsNonRoot"));
        assertEquals("false", pod(manifests).text("spec/automountServiceAccountToken"));
        assertEquals("false", container.text("securityContext/allowPrivilegeEscalation"));
        assertEquals("true", container.text("securityContext/readOnlyRootFilesystem"));
        assertEquals(
                List.of("ALL"),
                container.at("securityContext/capabilities/drop").value());
        assertTrue(dockerfile()
                .contains("USER %s:%s"
                        .formatted(
                                pod(manifests).text("spec/securityContext/runAsUser"),
                                pod(manifests).text("spec/securityContext/runAsGroup"))));
    }

    @Test
    void memoryOfThePodIsWhatItsJvmMayTake() throws Exception {
        int heap = mib(dockerfile(), "-Xmx(\\d+)m");
        int direct = mib(dockerfile(), "-XX:MaxDirectMemorySize=(\\d+)m");
        Node limit = container(manifests("base")).at("resources/limits/memory");

        assertEquals("1Gi", limit.value());
        assertTrue(1024 >= heap + direct + REST_OF_THE_JVM_MIB, "%d + %d MiB".formatted(heap, direct));
        // The image and the launcher run edges alike.
        String launcher = Files.readString(CHECKOUT.resolve("culvert"));
        Matcher flags = Pattern.compile("edge_jvm=\\(([^)]*)\\)").matcher(launcher);
        assertTrue(flags.find());
        Matcher variable = Pattern.compile("ENV JDK_JAVA_OPTIONS=\"([^\"]*)\"").matcher(dockerfile());
        assertTrue(variable.find());
        for (String flag : flags.group(1).split(" ")) {
            assertTrue(List.of(variable.group(1).split(" ")).contains(flag), "the Dockerfile lacks " + flag);
        }
    }

    @Test
    void threeEdgesSpreadAndOneAtATimeGoes() throws Exception {
        Manifests manifests = manifests("base");
        Node deployment = manifests.get("Deployment", APP);

        assertEquals(3, deployment.number("spec/replicas"));
        assertEquals(0, deployment.number("spec/strategy/rollingUpdate/maxUnavailable"));
        assertEquals(1, manifests.get("PodDisruptionBudget", APP).number("spec/maxUnavailable"));
        assertEquals(
                deployment.at("spec/selector/matchLabels").value(),
                deployment.at("spec/template/metadata/labels").value());
        for (Node one : List.of(
                manifests.get("PodDisruptionBudget", APP).at("spec/selector"),
                manifests.get("NetworkPolicy", APP).at("spec/podSelector"),
                pod(manifests).at("spec/topologySpreadConstraints/0/labelSelector"))) {
            assertEquals(
                    deployment.at("spec/selector/matchLabels").value(),
                    one.at("matchLabels").value());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/example", "overlays/https"})
    void overlayPutsAllIntoItsNamespaceWithItsImage(String which) throws Exception {
        Manifests manifests = manifests(which);

        for (Node one : manifests.all()) {
            if (!one.text("kind").equals("Namespace")) {
                assertEquals("culvert", one.text("metadata/namespace"));
            }
        }
        assertEquals(
                "registry.example.com/culvert-edge:0.1.0", container(manifests).text("image"));
        assertEquals(
                "LoadBalancer", manifests.get("Service", "culvert-visitors").text("spec/type"));
        assertEquals("tunnels.acme.example", options(manifests).domain());
    }

    @Test
    void overlayWithHttpsTakesNobodysTokenInPlaintext() throws Exception {
        Manifests manifests = manifests("overlays/https");
        EdgeOptions options = options(manifests);
        Node visitors = manifests.get("Service", "culvert-visitors");

        assertFalse(options.access().insecure());
        assertTrue(options.tls().redirect());
        assertEquals(URI.create("https://" + options.domain()), options.publicUrl());
        assertEquals("https", visitors.named("spec/ports", "https").text("targetPort"));
        assertEquals(443, visitors.named("spec/ports", "https").number("port"));
        assertEquals(80, visitors.named("spec/ports", "http").number("port"));
        assertEquals("LoadBalancer", visitors.text("spec/type"));
    }

    @Test
    void unknownFieldsAndKeysGivenTwiceAreRefused() throws Exception {
        String base = Files.readString(CHECKOUT.resolve("k8s/base/deployment.yaml"));
        for (String broken : List.of(
                base.replace("readinessProbe:", "readynessProbe:"),
                base.replace("minReadySeconds: 10", "minReadySeconds: 10\n  nothing: 1"))) {
            Path copy = Files.createDirectories(folder.resolve("copy"));
            Files.writeString(copy.resolve("deployment.yaml"), broken);
            Files.writeString(copy.resolve("kustomization.yaml"), "resources: [deployment.yaml]\n");

            assertThrows(AssertionError.class, () -> Manifests.of(copy));
        }
    }

    private static Manifests manifests(String which) throws Exception {
        return Manifests.of(CHECKOUT.resolve("k8s").resolve(which));
    }

    /** The settings that the pods get, read by what reads them there. */
    private EdgeOptions options(Manifests manifests) throws Exception {
        Path file = folder.resolve("edge.yaml");
        Files.writeString(
                file,
                manifests.get("ConfigMap", APP).at("data").value() instanceof Map<?, ?> data
                        ? data.get("edge.yaml").toString()
                        : "");
        YamlSection settings = YamlSection.read(file);
        settings.allowOnly(new TreeSet<>(EdgeOption.KEYS));
        Map<String, String> environment = Map.of("CULVERT_NODE_ID", "pod", "CULVERT_CLUSTER_HOST", "10.1.2.3");
        return new EdgeSettings(Map.of(), new Settings(environment, List.of(settings))).read();
    }

    private static List<Node> ofKind(Manifests manifests, String kind) {
        return manifests.all().stream()
                .filter(one -> one.text("kind").equals(kind))
                .toList();
    }

    private static Node pod(Manifests manifests) {
        return manifests.get("Deployment", APP).at("spec/template");
    }

    private static Node container(Manifests manifests) {
        return pod(manifests).named("spec/containers", "edge");
    }

    private static String variable(Manifests manifests, String name) {
        return container(manifests).named("env", name).text("valueFrom/fieldRef/fieldPath");
    }

    private static String dockerfile() throws Exception {
        return Files.readString(CHECKOUT.resolve("Dockerfile"));
    }

    private static int mib(String text, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertTrue(found.find(), pattern);
        return Integer.parseInt(found.group(1));
    }

    private static Path checkout() {
        Path here = Path.of(System.getProperty("culvert.home", "")).toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("k8s"))) {
                return folder;
            }
        }
        throw new AssertionError("there is no k8s/ at or above " + here);
    }
}
