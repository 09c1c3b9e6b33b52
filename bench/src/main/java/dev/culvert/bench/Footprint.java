package dev.culvert.bench;

import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a JVM holds, garbage not counted.
 *
 * @param heapBytes the objects on its heap that are still in use
 * @param directBytes what it has taken outside the heap for itself, which is where Netty's buffers are
 * @param residentBytes what of it is in memory, the JVM's own parts included
 */
record Footprint(long heapBytes, long directBytes, long residentBytes) {
    /** With this among its options a JVM can tell what is outside its heap. */
    static final String OPTION = "-XX:NativeMemoryTracking=summary";

    private static final Pattern HEAP = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

    /** Where the JVM puts {@code Unsafe.allocateMemory} and direct buffers. */
    private static final Pattern DIRECT = Pattern.compile("Other \\(reserved=\\d+KB, committed=(\\d+)KB");

    /** Of a process, after a whole collection. */
    static Footprint of(long pid) throws IOException, InterruptedException {
        long heap = number(HEAP, Program.jcmd(pid, "GC.class_histogram"));
        long direct = number(DIRECT, Program.jcmd(pid, "VM.native_memory", "summary")) * 1024;
        return new Footprint(heap, direct, Proc.residentBytes(List.of(pid)));
    }

    private static long number(Pattern pattern, String said) {
        Matcher found = pattern.matcher(said);
        if (!found.find()) {
            throw new BenchException("no \"%s\" in what jcmd said:\n%s".formatted(pattern, said));
        }
        return Long.parseLong(found.group(1));
    }
}
