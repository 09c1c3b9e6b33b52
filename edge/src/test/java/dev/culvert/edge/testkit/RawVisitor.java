package dev.culvert.edge.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.util.Locale;

/** A visitor that says exactly what a test wants, and reads exactly what comes. */
public final class RawVisitor implements AutoCloseable {
    private static final int WAIT_MILLIS = 5_000;

    private final Socket socket;

    public RawVisitor(int port) throws IOException {
        this(new Socket("127.0.0.1", port));
    }

    /** By a connection that stands, which it takes over. */
    public RawVisitor(Socket connected) throws IOException {
        socket = connected;
        socket.setSoTimeout(WAIT_MILLIS);
        socket.setTcpNoDelay(true);
    }

    /**
     * An answer.
     *
     * @param head with its empty line
     * @param body as it came, chunks and all
     */
    public record Answer(String head, String body) {
        public int status() {
            return Integer.parseInt(head.substring(9, 12));
        }

        /** A field's value, or null. */
        public String field(String name) {
            for (String line : head.split("\r\n")) {
                if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":")) {
                    return line.substring(name.length() + 1).trim();
                }
            }
            return null;
        }
    }

    public RawVisitor send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(ISO_8859_1));
        return this;
    }

    public RawVisitor send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** Sends FIN and goes on reading. */
    public void finish() throws IOException {
        socket.shutdownOutput();
    }

    /** Leaves with a reset. */
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Reads up to the end of this text. */
    public String awaitText(String text) throws IOException {
        byte[] end = text.getBytes(ISO_8859_1);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (!endsWith(read, end)) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new AssertionError("ended before \"%s\": %s".formatted(text, read.toString(ISO_8859_1)));
            }
            read.write(next);
        }
        return read.toString(ISO_8859_1);
    }

    /** Reads one answer to anything but HEAD. */
    public Answer awaitAnswer() throws IOException {
        return awaitAnswer(true);
    }

    /** Reads one answer to HEAD. */
    public Answer awaitHeadAnswer() throws IOException {
        return awaitAnswer(false);
    }

    private Answer awaitAnswer(boolean body) throws IOException {
        Answer head = new Answer(awaitText("\r\n\r\n"), "");
        int status = head.status();
        if (!body || status < 200 || status == 204 || status == 304) {
            return head;
        } else if (head.field("transfer-encoding") != null) {
            StringBuilder chunks = new StringBuilder();
            while (true) {
                String size = awaitText("\r\n");
                chunks.append(size);
                if (size.equals("0\r\n")) {
                    break;
                }
                chunks.append(read(Integer.parseInt(size.trim(), 16) + 2));
            }
            String line;
            do {
                line = awaitText("\r\n");
                chunks.append(line);
            } while (!line.equals("\r\n"));
            return new Answer(head.head(), chunks.toString());
        } else if (head.field("content-length") != null) {
            return new Answer(head.head(), read(Integer.parseInt(head.field("content-length"))));
        }
        return new Answer(head.head(), awaitEnd());
    }

    /** Reads so many bytes. */
    public String read(int bytes) throws IOException {
        byte[] read = socket.getInputStream().readNBytes(bytes);
        if (read.length < bytes) {
            throw new AssertionError(
                    "ended %d bytes early: %s".formatted(bytes - read.length, new String(read, ISO_8859_1)));
        }
        return new String(read, ISO_8859_1);
    }

    /** Reads until FIN; a reset is an error. */
    public String awaitEnd() throws IOException {
        return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }

    /** Reads until a reset; FIN is an error. */
    public void awaitReset() throws IOException {
        InputStream in = socket.getInputStream();
        try {
            while (in.read() >= 0) {
                // What came before does not matter.
            }
        } catch (SocketException e) {
            return;
        }
        throw new AssertionError("the connection ended as if all were well");
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static boolean endsWith(ByteArrayOutputStream read, byte[] end) {
        byte[] bytes = read.toByteArray();
        return bytes.length >= end.length
                && java.util.Arrays.equals(bytes, bytes.length - end.length, bytes.length, end, 0, end.length);
    }
}
