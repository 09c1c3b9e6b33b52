package dev.culvert.edge.e2e;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One visitor connection, written and read byte by byte: no client between the test and the edge has its own ideas. */
final class Visitor implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    private Visitor(Socket socket) throws IOException {
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** On a connection that stands, with TLS for example. */
    static Visitor on(Socket connected) throws IOException {
        return new Visitor(connected);
    }

    /** Connects to a port of this machine. */
    static Visitor to(int port) throws IOException {
        return to(port, 0);
    }

    /** Connects to a port of another machine. */
    static Visitor to(String address, int port) throws IOException {
        return to(address, port, 0);
    }

    /**
     * Connects with a small buffer in the kernel, so that little is read that the test does not ask for.
     *
     * @param receiveBufferBytes 0 for the usual size
     */
    static Visitor to(int port, int receiveBufferBytes) throws IOException {
        return to("127.0.0.1", port, receiveBufferBytes);
    }

    private static Visitor to(String address, int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) Stage.PATIENCE.toMillis());
        socket.connect(new InetSocketAddress(address, port), (int) Stage.PATIENCE.toMillis());
        return new Visitor(socket);
    }

    /** One GET on a connection of its own. */
    static Answer get(int port, String host, String path) throws IOException {
        try (Visitor visitor = to(port)) {
            return visitor.get(host, path).answer();
        }
    }

    /** Sends bytes as they are; line ends are the caller's. */
    Visitor send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Visitor send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** Sends a GET. */
    Visitor get(String host, String path) throws IOException {
        return send("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(path, host));
    }

    /** Says that nothing more will be sent, and goes on reading. */
    Visitor halfClose() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** The next answer, read to its end; interim ones (1xx) count. */
    Answer answer() throws IOException {
        return answer(true);
    }

    /** The next answer to a HEAD: its length is that of a body which does not come. */
    Answer answerToHead() throws IOException {
        return answer(false);
    }

    /** The next answer's head alone; its body is still to be read. */
    Answer head() throws IOException {
        String head = readUntilEmptyLine();
        Answer answer = new Answer(head, Integer.parseInt(head.split(" ")[1]), fields(head), List.of(), Map.of());
        return answer;
    }

    /** The next chunk of a chunked body; empty at its end. */
    byte[] chunk() throws IOException {
        int length = Integer.parseInt(line().split(";")[0].strip(), 16);
        byte[] bytes = bytes(length);
        if (length > 0) {
            line();
        }
        return bytes;
    }

    /** So many bytes. */
    byte[] bytes(int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("%d of %d bytes came".formatted(bytes.length, count));
        }
        return bytes;
    }

    /** One byte; -1 when the edge has closed. */
    int read() throws IOException {
        return in.read();
    }

    /** A line without its end. */
    String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the connection ended in the line: " + line);
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
    }

    /** All that comes until the edge closes, as text. */
    String rest() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** What is read from it next. */
    InputStream in() {
        return in;
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private Answer answer(boolean withBody) throws IOException {
        Answer head = head();
        int status = head.status();
        if (!withBody || status < 200 || status == 204 || status == 304) {
            return head;
        }
        List<byte[]> chunks = new ArrayList<>();
        Map<String, List<String>> trailers = Map.of();
        Optional<String> length = head.header("content-length");
        if (head.header("transfer-encoding").isPresent()) {
            for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
                chunks.add(chunk);
            }
            trailers = fields("\n" + readUntilEmptyLine());
        } else {
            chunks.add(length.isPresent() ? bytes(Integer.parseInt(length.get())) : in.readAllBytes());
        }
        return new Answer(head.head(), status, head.headers(), chunks, trailers);
    }

    private String readUntilEmptyLine() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            lines.add(line);
        }
        return String.join("\n", lines);
    }

    private static Map<String, List<String>> fields(String head) {
        Map<String, List<String>> fields = new TreeMap<>();
        head.lines().skip(1).forEach(line -> {
            int colon = line.indexOf(':');
            fields.computeIfAbsent(line.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        });
        return fields;
    }
}
