package dev.culvert.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One connection that asks for one thing after another, over HTTP/1.1. Used by one thread. */
final class Visitor implements AutoCloseable {
    /** Longer than any answer takes that is worth a figure. */
    private static final int PATIENCE_MILLIS = 30_000;

    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)\r\n");

    private final Socket socket;
    private final String host;
    private final byte[] buffer = new byte[64 * 1024];

    private Visitor(Socket socket, String host) {
        this.socket = socket;
        this.host = host;
    }

    /** Hears how an answer comes in. */
    interface Reader {
        /** So many bytes more of the body have come; whether the rest is wanted. */
        boolean cameIn(int bytes);
    }

    /** What came: when its first byte did, by {@link System#nanoTime()}, and how much there was of its body. */
    record Answer(long firstByteNanos, long bodyBytes) {}

    /** Connects; by TLS, with a whole handshake each time, where the chain takes visitors in by that. */
    static Visitor connect(Chain chain) throws IOException {
        URI at = URI.create(chain.url());
        Socket socket = new Socket(at.getHost(), at.getPort());
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            return new Visitor(chain.isSecure() ? TrustingTls.over(socket, chain.host()) : socket, chain.host());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Asks for something and reads all of the answer. */
    Answer ask(String path) throws IOException {
        return ask(path, bytes -> true);
    }

    /** Asks for something and reads as much of the answer as is wanted. */
    Answer ask(String path, Reader reader) throws IOException {
        socket.getOutputStream()
                .write("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                        .formatted(path, host)
                        .getBytes(StandardCharsets.US_ASCII));
        int filled = read(0);
        long firstByteNanos = System.nanoTime();
        String text = text(filled);
        int end = text.indexOf("\r\n\r\n");
        while (end < 0) {
            filled += read(filled);
            text = text(filled);
            end = text.indexOf("\r\n\r\n");
        }
        long whole = lengthIn(text.substring(0, end + 2));
        long left = whole - (filled - end - 4);
        boolean wanted = reader.cameIn(filled - end - 4);
        while (left > 0 && wanted) {
            int got = read(0);
            left -= got;
            wanted = reader.cameIn(got);
        }
        return new Answer(firstByteNanos, whole - left);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private long lengthIn(String head) {
        Matcher length = LENGTH.matcher(head);
        if (!head.startsWith("HTTP/1.1 200 ") || !length.find()) {
            throw new BenchException("no answer as it should be:\n" + head);
        }
        return Long.parseLong(length.group(1));
    }

    private int read(int offset) throws IOException {
        int got = socket.getInputStream().read(buffer, offset, buffer.length - offset);
        if (got <= 0) {
            throw new EOFException("the connection to %s ended in an answer".formatted(socket));
        }
        return got;
    }

    private String text(int filled) {
        return new String(buffer, 0, filled, StandardCharsets.US_ASCII);
    }
}
