package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Machines on this machine that can be cut off from each other: network namespaces of Linux. Each has two links.
 *
 * <pre>
 *   the test ─── bridge ─── front ┐
 *                                 ├ machine     visitors and agents come in front,
 *                bridge ─── back  ┘             the other machines come in at the back
 * </pre>
 *
 * A link is cut at the bridge, like a cable that is pulled: nobody hears of it, and packets are lost without a word.
 * Needs root. All is removed with the stage, and what a run left behind that was killed, by the next one.
 */
final class Namespaces implements AutoCloseable {
    /** Of networks that nobody has (RFC 2544). */
    private static final String FRONT = "198.18.%d.%d";

    private static final String BACK = "198.19.%d.%d";

    private static final String PREFIX = "culvert-";

    private final long pid = ProcessHandle.current().pid();
    private final int network;
    private final List<Machine> machines = new ArrayList<>();
    private final Thread atTheEnd = new Thread(this::remove);

    /**
     * A machine.
     *
     * @param namespace what Linux calls it
     * @param front its address for visitors, agents and the test
     * @param back its address for other machines
     * @param frontLink the end of its link that is with the test
     */
    record Machine(String namespace, String front, String back, String frontLink, String backLink) {
        /** A command line that runs there. */
        List<String> here(List<String> command) {
            return Stream.concat(Stream.of(Program.installed("ip"), "netns", "exec", namespace), command.stream())
                    .toList();
        }

        /** Loses the other machines; the test, visitors and agents still reach it. */
        void cutFromOthers() {
            ip("link", "set", backLink, "down");
        }

        void joinOthers() {
            ip("link", "set", backLink, "up");
        }

        /** Loses everybody, like a machine whose power is gone. */
        void cutFromAll() {
            ip("link", "set", backLink, "down");
            ip("link", "set", frontLink, "down");
        }

        /** Swallows what it would send from or to a port of TCP; all else goes on. */
        void swallow(int port) {
            rule("add", "dport", port);
            rule("add", "sport", port);
        }

        void swallowNoMore(int port) {
            rule("del", "dport", port);
            rule("del", "sport", port);
        }

        /** Breaks its connections from and to a port of TCP; both ends are told. Tells how many there were. */
        int breakConnections(int port) {
            String filter = "( sport = :%d or dport = :%d )".formatted(port, port);
            // It goes through several protocols, and says nothing good about those that have no such connections.
            return (int) run(here(List.of(Program.installed("ss"), "-H", "-t", "-n", "-K", filter)))
                    .lines()
                    .filter(line -> line.startsWith("ESTAB"))
                    .count();
        }

        private void rule(String what, String end, int port) {
            ip("-n", namespace, "rule", what, "ipproto", "tcp", end, "" + port, "blackhole");
        }
    }

    private Namespaces(int network) {
        this.network = network;
    }

    /** So many machines that all reach each other. */
    static Namespaces open(Stage stage, int machines) throws IOException {
        if (!run(List.of("id", "-u")).strip().equals("0")) {
            throw new AssertionError("network namespaces need root: start ./verify as root, or with sudo");
        }
        removeLeftBehind();
        Namespaces namespaces = stage.keep(new Namespaces(freeNetwork()));
        Runtime.getRuntime().addShutdownHook(namespaces.atTheEnd);
        namespaces.bridge("f", FRONT);
        namespaces.bridge("b", BACK);
        for (int i = 0; i < machines; i++) {
            namespaces.add(i);
        }
        return namespaces;
    }

    Machine get(int index) {
        return machines.get(index);
    }

    List<Machine> all() {
        return List.copyOf(machines);
    }

    private void bridge(String end, String addresses) {
        ip("link", "add", link(end), "type", "bridge");
        ip("link", "set", link(end), "up");
        if (end.equals("f")) {
            ip("addr", "add", addresses.formatted(network, 1) + "/24", "dev", link(end));
        }
    }

    private void add(int index) {
        Machine machine = new Machine(
                PREFIX + pid + "-" + index,
                FRONT.formatted(network, index + 2),
                BACK.formatted(network, index + 2),
                link("f") + index,
                link("b") + index);
        ip("netns", "add", machine.namespace());
        machines.add(machine);
        ip("-n", machine.namespace(), "link", "set", "lo", "up");
        connect(machine, "front", machine.front(), machine.frontLink(), link("f"));
        connect(machine, "back", machine.back(), machine.backLink(), link("b"));
    }

    private static void connect(Machine machine, String inside, String address, String link, String bridge) {
        ip("link", "add", link, "type", "veth", "peer", "name", inside, "netns", machine.namespace());
        ip("link", "set", link, "master", bridge, "up");
        ip("-n", machine.namespace(), "addr", "add", address + "/24", "dev", inside);
        ip("-n", machine.namespace(), "link", "set", inside, "up");
    }

    /** Names of links have at most 15 characters. */
    private String link(String end) {
        return "cv" + pid + end;
    }

    private static int freeNetwork() {
        String taken = ip("-4", "-o", "addr");
        return IntStream.generate(() -> ThreadLocalRandom.current().nextInt(256))
                .filter(number -> !taken.contains(FRONT.formatted(number, 1) + "/"))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atTheEnd);
        remove();
    }

    private void remove() {
        for (Machine machine : machines) {
            // The namespace alone would take them along only later, and the names are needed again.
            removeLink(machine.frontLink());
            removeLink(machine.backLink());
            remove(machine.namespace());
        }
        List.of(link("f"), link("b")).forEach(Namespaces::removeLink);
    }

    /** Of test runs that were killed: their process is no more. */
    private static void removeLeftBehind() {
        find(ip("netns", "list"), PREFIX + "(\\d+)-\\d+").forEach(Namespaces::remove);
        find(ip("-o", "link", "show", "type", "bridge"), "\\bcv(\\d+)[fb]\\b").forEach(Namespaces::removeLink);
    }

    private static List<String> find(String text, String pattern) {
        List<String> left = new ArrayList<>();
        Matcher found = Pattern.compile(pattern).matcher(text);
        while (found.find()) {
            if (!Files.exists(Path.of("/proc", found.group(1)))) {
                left.add(found.group());
            }
        }
        return left;
    }

    /** Whoever still runs there is ended; the links go with it. */
    private static void remove(String namespace) {
        run(List.of(Program.installed("ip"), "netns", "pids", namespace))
                .lines()
                .flatMap(id -> ProcessHandle.of(Long.parseLong(id.strip())).stream())
                .forEach(ProcessHandle::destroyForcibly);
        ip("netns", "del", namespace);
    }

    private static void removeLink(String link) {
        run(List.of(Program.installed("ip"), "link", "del", link));
    }

    private static String ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of(Program.installed("ip")));
        command.addAll(Arrays.asList(arguments));
        return checked(command);
    }

    private static String checked(List<String> command) {
        Said said = say(command);
        if (said.exitCode != 0) {
            throw new AssertionError("%s failed: %s".formatted(String.join(" ", command), said.err));
        }
        return said.out;
    }

    /** Whether it fails or not. */
    private static String run(List<String> command) {
        return say(command).out;
    }

    private record Said(int exitCode, String out, String err) {}

    private static Said say(List<String> command) {
        try {
            Path err = Files.createTempFile("said", ".err");
            try {
                Process process =
                        new ProcessBuilder(command).redirectError(err.toFile()).start();
                String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                return new Said(process.waitFor(), out, Files.readString(err));
            } finally {
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new AssertionError("cannot run " + command, e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
