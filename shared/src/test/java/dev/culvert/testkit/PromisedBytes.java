package dev.culvert.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What one release writes and another reads, byte for byte: a test that writes and reads with the same code stays green when
 * both change. Noted so that one sees which byte is what: pairs of hexadecimal digits, UTF-8 between single quotes, and
 * comments behind a semicolon.
 *
 * <pre>
 *   00 00 00 02         ; stream 2
 *   00 04 'shop'        ; its tunnel, behind its length
 * </pre>
 */
public final class PromisedBytes {
    /** For whoever has changed the format. */
    public static final String WHAT_TO_DO = """
            another release reads what this one writes, and has written what this one must read: it runs beside it, or wrote \
            the file. So what is promised here is not to be changed, but the code is to keep to it. Where the format has to \
            grow, docs/decisions/0015-two-releases-side-by-side.md says how (fields at the end, an unknown that is kept or \
            refused, a new version): then what is promised here stays as something that is still read, and what is written \
            from now on is promised beside it
            """.strip();

    private static final Pattern PART = Pattern.compile("\\s*(?:'([^']*)'|([0-9a-f]{2})|;.*)\\s*");
    private static final int MOST_SHOWN = 64;

    private final List<Line> lines;

    /** A line of the notation. */
    private record Line(String text, byte[] bytes) {}

    private PromisedBytes(List<Line> lines) {
        this.lines = lines;
    }

    /** Reads the notation. */
    public static PromisedBytes of(String notation) {
        return new PromisedBytes(notation.lines()
                .map(line -> new Line(line.strip(), bytesOf(line)))
                .toList());
    }

    private static byte[] bytesOf(String line) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher part = PART.matcher(line);
        int at = 0;
        while (at < line.length()) {
            if (!part.find(at) || part.start() != at) {
                throw new IllegalArgumentException(
                        "neither digits, nor a text, nor a comment: %s".formatted(line.substring(at)));
            }
            if (part.group(1) != null) {
                bytes.writeBytes(part.group(1).getBytes(StandardCharsets.UTF_8));
            } else if (part.group(2) != null) {
                bytes.write(Integer.parseInt(part.group(2), 16));
            }
            at = part.end();
        }
        return bytes.toByteArray();
    }

    /** A fresh copy. */
    public byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        lines.forEach(line -> all.writeBytes(line.bytes()));
        return all.toByteArray();
    }

    /** Fails where something else was written, and says at which line of the notation. */
    public void areWritten(byte[] written) {
        byte[] promised = bytes();
        int at = Arrays.mismatch(promised, written);
        if (at >= 0) {
            fail(
                    "%s.%nByte %d of %d that are written is another than at: %s%nPromised from there on: %s%nWritten:               %s%n"
                            .formatted(
                                    WHAT_TO_DO, at, written.length, lineOf(at), some(promised, at), some(written, at)));
        }
    }

    /** Fails where they were read as something else. */
    public void areRead(@Nullable Object promised, @Nullable Object read) {
        assertEquals(promised, read, WHAT_TO_DO);
    }

    private String lineOf(int at) {
        int end = 0;
        for (Line line : lines) {
            end += line.bytes().length;
            if (at < end) {
                return line.text();
            }
        }
        return "behind the last line";
    }

    private static String some(byte[] bytes, int from) {
        return HexFormat.ofDelimiter(" ")
                .formatHex(bytes, Math.min(from, bytes.length), Math.min(from + MOST_SHOWN, bytes.length));
    }
}
