package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StopSignalTest {
    @ParameterizedTest
    @Timeout(60)
    @CsvSource({"TERM, TERM, 130", "INT, INT, 130", "HUP, TERM, 130", "HUP, HUP, 0"})
    void firstSignalAsksForAStopAndASecondEndsTheProcessUnlessItIsOfATerminalThatCloses(
            String first, String second, int exitCode) throws Exception {
        Process process = start();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            assertEquals("ready", lines.readLine());
            send(first, process);
            assertEquals("stopping", lines.readLine());

            send(second, process);
            if (exitCode == 0) { // It waits for the end of its input, which a signal does not bring.
                process.getOutputStream().close();
            }

            assertTrue(process.waitFor(30, TimeUnit.SECONDS));
            assertEquals(exitCode, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process start() throws Exception {
        return new ProcessBuilder(List.of(
                        // Who runs these tests by nohup or in the background hands on that signals are ignored.
                        "env",
                        "--default-signal=HUP,INT,TERM",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Stopped.class.getName()))
                .start();
    }

    private static void send(String signal, Process process) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
        assertEquals(0, kill.waitFor());
    }

    /** Drains for as long as its input is open. */
    static final class Stopped {
        public static void main(String[] args) throws Exception {
            StopSignal stop = StopSignal.install();
            System.out.println("ready");
            stop.await();
            System.out.println("stopping");
            int end = System.in.read();
            System.exit(end < 0 ? 0 : 1);
        }
    }
}
