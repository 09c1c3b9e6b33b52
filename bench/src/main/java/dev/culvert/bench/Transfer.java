package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What one long body came to.
 *
 * @param mibPerSecond its speed
 * @param cpuMillisPerGib time on the processors a GiB, by the chain's own processes, in ms
 */
record Transfer(double mibPerSecond, double cpuMillisPerGib) {
    private static final double MIB = 1024 * 1024;

    /** A download of the target's big file. */
    static Transfer down(Chain chain) throws IOException, InterruptedException {
        return measure(chain, "%{size_download} %{time_total}", List.of(chain.url() + "/big"));
    }

    /** An upload of a file. */
    static Transfer up(Chain chain, Path file) throws IOException, InterruptedException {
        return measure(chain, "%{size_upload} %{time_total}", List.of("-T", file.toString(), chain.url() + "/up/file"));
    }

    private static Transfer measure(Chain chain, String report, List<String> what)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-sSfk",
                "--http1.1",
                "-o",
                "/dev/null",
                "-H",
                "Host: " + chain.host(),
                "-H",
                "Expect:",
                "-w",
                report));
        command.addAll(what);
        long cpu = Proc.cpuMicros(chain.pids());
        String[] told = Program.run(command).strip().split(" ");
        cpu = Proc.cpuMicros(chain.pids()) - cpu;
        double bytes = Double.parseDouble(told[0]);
        return new Transfer(bytes / MIB / Double.parseDouble(told[1]), cpu / 1000.0 / (bytes / MIB / 1024));
    }
}
