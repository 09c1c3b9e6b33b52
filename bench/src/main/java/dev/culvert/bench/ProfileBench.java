package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Where the time of Culvert's programs goes under small requests, by the JDK's flight recorder: it looks at all threads
 * that run, 50 times a second, and each look counts for the innermost place that is on the stack.
 */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Where the time of an edge and of an agent goes, by the JDK's flight recorder.")
final class ProfileBench implements Measurement {
    private static final String NATIVE = "jdk.NativeMethodSample";
    private static final String JAVA = "jdk.ExecutionSample";

    private static final String SOCKET = "io.netty.channel.unix.Socket.";

    /**
     * What a look finds a thread at.
     *
     * @param names how the methods of frames begin that belong to it
     */
    private record Place(String title, List<String> names) {
        static Place of(String title, String... names) {
            return new Place(title, List.of(names));
        }

        private boolean has(RecordedFrame frame) {
            String method = frame.getMethod().getType().getName() + "."
                    + frame.getMethod().getName();
            return names.stream().anyMatch(method::startsWith);
        }
    }

    /** Threads that wait, and those of the JVM's own. */
    private static final Place IDLE =
            Place.of("", "io.netty.channel.epoll.Native.epollWait", "sun.nio.ch.", "java.lang.Thread.");

    /** The first that has a frame is the frame's. */
    private static final List<Place> PLACES = List.of(
            IDLE,
            Place.of("kernel: writing to sockets", SOCKET + "send", SOCKET + "write"),
            Place.of("kernel: reading from sockets", SOCKET + "recv", SOCKET + "read"),
            Place.of("kernel: waking an event loop", "io.netty.channel.epoll.Native.eventFdWrite"),
            Place.of("TLS", "sun.security.", "com.sun.crypto.", "javax.net.ssl.", "io.netty.handler.ssl."),
            Place.of("Netty's HTTP/2", "io.netty.handler.codec.http2."),
            Place.of("Netty's HTTP/1.1", "io.netty.handler.codec."),
            Place.of("Netty's buffers", "io.netty.buffer."),
            Place.of("Netty's event loops and pipelines", "io.netty."),
            Place.of("frames, lanes and hops", "dev.culvert.wire.", "dev.culvert.lane."),
            Place.of("exchanges: routing, header rules, records", "dev.culvert.edge."),
            Place.of("the agent's own", "dev.culvert.agent."),
            Place.of("the event bus", "io.vertx."),
            Place.of("Hazelcast", "com.hazelcast."));

    @Option(
            names = "--chains",
            paramLabel = "REGEX",
            description = "The chains whose whole name matches. Default: ${DEFAULT-VALUE}")
    private String chains = "culvert-http";

    @Option(
            names = "--event-loops",
            paramLabel = "N,...",
            split = ",",
            description = "Chains whose edges have so many.")
    private List<Integer> eventLoops = new ArrayList<>();

    @Option(names = "--seconds", paramLabel = "N", description = "Length of the recording. Default: ${DEFAULT-VALUE}")
    private int seconds = 20;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description = "Load before the recording. Default: ${DEFAULT-VALUE}")
    private int warmUp = 30;

    @Option(names = "--connections", paramLabel = "N", description = "Visitors at once. Default: ${DEFAULT-VALUE}")
    private int connections = 32;

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        Map<Figure, Map<Place, Double>> programs = new LinkedHashMap<>();
        try (Target target = Target.start(place.folder(), 100, 0);
                Chains all = new Chains(place, target.port())) {
            eventLoops.forEach(all::addLoops);
            for (Chain running : all.start(chains)) {
                Load.wrk(running, connections, warmUp);
                for (long pid : running.pids()) {
                    Program.jcmd(pid, "JFR.start", "name=bench", "settings=default");
                }
                List<Long> before = cpuMicros(running);
                double requests = Load.wrk(running, connections, seconds).perSecond() * seconds;
                List<Long> after = cpuMicros(running);
                for (int at = 0; at < before.size(); at++) {
                    long pid = running.pids().get(at);
                    Path recording = place.folder().resolve(pid + ".jfr");
                    Program.jcmd(pid, "JFR.stop", "name=bench", "filename=" + recording);
                    String title = "%s's %s, µs".formatted(running.name(), programOf(pid));
                    double micros = (after.get(at) - before.get(at)) / requests;
                    programs.put(new Figure(title, "%.1f"), shares(recording, micros));
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        for (Place one : PLACES) {
            if (!one.equals(IDLE)) {
                Row row = new Row(one.title());
                programs.forEach((program, shares) -> row.add(program, shares.getOrDefault(one, 0.0)));
                rows.add(row);
            }
        }
        return Table.of("where", List.copyOf(programs.keySet()), rows);
    }

    /** Of each process, in their order. */
    private static List<Long> cpuMicros(Chain chain) {
        return chain.pids().stream().map(pid -> Proc.cpuMicros(List.of(pid))).toList();
    }

    /** The share of each place in all looks that found a thread at work, of so much in all. */
    private static Map<Place, Double> shares(Path recording, double whole) throws IOException {
        Map<Place, Integer> looks = new HashMap<>();
        try (RecordingFile events = new RecordingFile(recording)) {
            while (events.hasMoreEvents()) {
                RecordedEvent event = events.readEvent();
                String type = event.getEventType().getName();
                if ((type.equals(JAVA) || type.equals(NATIVE)) && event.getStackTrace() != null) {
                    looks.merge(placeOf(event.getStackTrace().getFrames()), 1, Integer::sum);
                }
            }
        }
        looks.remove(IDLE);
        double all = looks.values().stream().mapToInt(Integer::intValue).sum();
        Map<Place, Double> shares = new HashMap<>();
        looks.forEach((place, count) -> shares.put(place, whole * count / all));
        return shares;
    }

    /** The innermost frame that belongs to one of the places; what belongs to none is a thread of the JVM's own. */
    private static Place placeOf(List<RecordedFrame> frames) {
        for (RecordedFrame frame : frames) {
            for (Place place : PLACES) {
                if (place.has(frame)) {
                    return place;
                }
            }
        }
        return IDLE;
    }

    private static String programOf(long pid) {
        String line =
                ProcessHandle.of(pid).flatMap(one -> one.info().commandLine()).orElse("");
        return line.contains("culvert-agent.jar") ? "agent" : "edge";
    }
}
