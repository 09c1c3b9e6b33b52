package dev.culvert.edge.acme;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.shredzone.acme4j.exception.AcmeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's program that writes into the domain's DNS, called as the {@code exec} provider of lego calls such programs:
 * {@code PROGRAM present NAME. VALUE} and {@code PROGRAM cleanup NAME. VALUE}. The record must be there for the authority when
 * {@code present} has ended. Blocks; for one thread.
 */
final class DnsProgram {
    /** How long it may take: until some providers' servers all have a record it is minutes. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Of what it has printed last, for the log. */
    private static final int TOLD_BYTES = 500;

    private static final Logger LOGGER = LoggerFactory.getLogger(DnsProgram.class);

    private final Path program;
    private final File output;

    /**
     * A program.
     *
     * @param output the file that what it prints for one record goes to; that of the record before is lost
     * @throws ConfigException where it cannot be run
     */
    DnsProgram(Path program, Path output) {
        this.program = program.toAbsolutePath().normalize();
        this.output = output.toFile();
        if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
            throw new ConfigException("--acme-dns: %s is no program that this user may run".formatted(program));
        }
    }

    /** Makes the record, and returns once the authority can see it. */
    void present(String name, String value) throws AcmeException, InterruptedException {
        LOGGER.atInfo()
                .addKeyValue("program", program)
                .addKeyValue("name", name)
                .log("making the record for the authority");
        run("present", name, value, ProcessBuilder.Redirect.to(output));
    }

    /** Takes the record away; what stays is of no use to anybody, so a fault is only told. */
    void cleanUp(String name, String value) throws InterruptedException {
        try {
            run("cleanup", name, value, ProcessBuilder.Redirect.appendTo(output));
        } catch (AcmeException e) {
            LOGGER.atWarn()
                    .addKeyValue("name", name)
                    .addKeyValue("fault", e.getMessage())
                    .log("record for the authority may still be in the DNS");
        }
    }

    private void run(String action, String name, String value, ProcessBuilder.Redirect to)
            throws AcmeException, InterruptedException {
        Process process = start(
                new ProcessBuilder(List.of(program.toString(), action, name, value))
                        .redirectErrorStream(true)
                        .redirectOutput(to),
                action);
        try {
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AcmeException(
                        "%s %s has not ended within %d minutes".formatted(program, action, PATIENCE.toMinutes()));
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new AcmeException("%s %s has ended with %d%s"
                    .formatted(
                            program,
                            action,
                            process.exitValue(),
                            told().map(": "::concat).orElse("")));
        }
    }

    private Process start(ProcessBuilder builder, String action) throws AcmeException {
        try {
            Process process = builder.start();
            process.getOutputStream().close(); // It has nobody to ask.
            return process;
        } catch (IOException e) {
            throw new AcmeException("%s %s cannot be started: %s".formatted(program, action, e.getMessage()), e);
        }
    }

    /** The last line that it has printed. */
    private Optional<String> told() {
        try (RandomAccessFile file = new RandomAccessFile(output, "r")) {
            file.seek(Math.max(0, file.length() - TOLD_BYTES));
            byte[] end = new byte[TOLD_BYTES];
            int length = file.read(end);
            return length <= 0
                    ? Optional.empty()
                    : new String(end, 0, length, StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> !line.isBlank())
                            .reduce((before, line) -> line);
        } catch (IOException e) {
            return Optional.of(FileFaults.sentence(output.toPath(), e));
        }
    }
}
