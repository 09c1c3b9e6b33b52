package dev.culvert.edge.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * All that a test puts up: programs, connections, files. They are ended in reverse order and removed when the test ends,
 * or, where the stage is a static field, when the last test of the class does. When a test failed, what the programs
 * said is shown.
 */
final class Stage implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    /** How long to wait for what should come at once: generous, because a slow machine that is busy needs 25 s for an edge. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /**
     * Most programs of the tests live for seconds. The compiler that makes them fast in the long run (C2) would take a third of
     * the processors' time that all tests need.
     */
    private static final Map<String, String> SHORT_LIVED = Map.of("CULVERT_JAVA_OPTS", "-XX:TieredStopAtLevel=1");

    private final Map<String, String> forCulvert;
    private final Deque<AutoCloseable> up = new ArrayDeque<>();
    private Path folder;
    private boolean shared;

    Stage() {
        this(SHORT_LIVED);
    }

    private Stage(Map<String, String> forCulvert) {
        this.forCulvert = forCulvert;
    }

    /** One whose {@code culvert} has the JVM options that users get: where memory is measured, or a time is promised. */
    static Stage asUsersRunIt() {
        return new Stage(Map.of());
    }

    /** Ends it with the test. */
    <T extends AutoCloseable> T keep(T thing) {
        up.push(thing);
        return thing;
    }

    /** A folder of the test's own. */
    Path folder() throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory(Checkout.output("e2e"), "test-");
        }
        return folder;
    }

    /** A folder inside {@link #folder()}, made when it is missing. */
    Path folder(String name) throws IOException {
        return Files.createDirectories(folder().resolve(name));
    }

    /** Starts any program. */
    Program program(String name, List<String> command) throws IOException {
        return keep(Program.start(name, folder(), Map.of(), command));
    }

    /** Starts {@code culvert} with these arguments, as the user of {@link #folder(String) folder("home")}. */
    Program culvert(String... arguments) throws IOException {
        return culvert("home", Map.of(), arguments);
    }

    /**
     * Starts {@code culvert} with these arguments, through the launcher and so with its JVM options, and this stage's.
     *
     * @param home names the folder that agents keep their state in: programs with the same one are one user's
     */
    Program culvert(String home, Map<String, String> environment, String... arguments) throws IOException {
        Map<String, String> all = new HashMap<>(forCulvert);
        all.putAll(environment);
        all.put("CULVERT_HOME", folder(home).toString());
        List<String> command = Stream.concat(Stream.of(Checkout.launcher().toString()), Arrays.stream(arguments))
                .toList();
        return keep(Program.start("culvert " + arguments[0], folder(), all, command));
    }

    /** An edge on free ports, ready for agents and visitors. */
    RunningEdge edge(String... arguments) throws IOException {
        return RunningEdge.start(this, arguments);
    }

    /** {@code culvert http} for the target, on the edge; wait for its name with {@link RunningAgent#awaitName()}. */
    RunningAgent agent(RunningEdge edge, int target, String... arguments) throws IOException {
        return RunningAgent.start(this, "home", Map.of(), edge, Integer.toString(target), arguments);
    }

    /** The same as another user of the machine. */
    RunningAgent agentOf(String home, RunningEdge edge, int target, String... arguments) throws IOException {
        return RunningAgent.start(this, home, Map.of(), edge, Integer.toString(target), arguments);
    }

    /** A port that nobody listens on at the moment: for programs that cannot pick one themselves. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        shared = true;
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        tellIfFailed(context);
        if (!shared) {
            clear();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        tellIfFailed(context);
        clear();
    }

    private void tellIfFailed(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            for (AutoCloseable thing : up) {
                if (thing instanceof Program program) {
                    System.err.println(context.getDisplayName() + ": " + program.said());
                }
            }
        }
    }

    private void clear() throws IOException {
        while (!up.isEmpty()) {
            AutoCloseable thing = up.pop();
            try {
                thing.close();
            } catch (Exception e) {
                System.err.println("cannot end " + thing + ": " + e);
            }
        }
        if (folder != null) {
            remove(folder);
            folder = null;
        }
    }

    /** Removes a folder with all that is in it; symbolic links go, what they point to stays. */
    static void remove(Path folder) throws IOException {
        try (Stream<Path> inside = Files.walk(folder)) {
            inside.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.deleteIfExists(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
