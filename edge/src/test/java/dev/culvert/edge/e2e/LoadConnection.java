package dev.culvert.edge.e2e;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A visitor connection that sends requests one after the other, and never one twice. For one thread. */
final class LoadConnection implements AutoCloseable {
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).limit(0);
    private boolean last;

    private LoadConnection(SocketChannel channel) {
        this.channel = channel;
    }

    static LoadConnection to(int port) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(new InetSocketAddress("127.0.0.1", port));
        return new LoadConnection(channel);
    }

    /** Whether the next request may go this way: the other side has neither said that this is over, nor ended it. */
    boolean isReusable() throws IOException {
        if (last || in.hasRemaining()) {
            return false;
        }
        channel.configureBlocking(false);
        try {
            in.clear();
            int unasked = channel.read(in);
            in.flip();
            if (unasked > 0) {
                throw new IOException("bytes that nobody asked for: " + StandardCharsets.ISO_8859_1.decode(in));
            }
            return unasked == 0;
        } finally {
            channel.configureBlocking(true);
        }
    }

    /** Sends bytes as they are, and returns the answer's body. Fails when that is not a whole 200. */
    byte[] ask(byte[] request) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(request);
        while (out.hasRemaining()) {
            channel.write(out);
        }
        String head = head();
        String fields = head.toLowerCase(Locale.ROOT);
        last = fields.contains("\nconnection: close");
        int at = fields.indexOf("\ncontent-length:");
        if (!head.startsWith("HTTP/1.1 200") || at < 0) {
            last = true;
            throw new IOException("answered: " + head);
        }
        byte[] body = new byte
                [Integer.parseInt(fields.substring(at + 16)
                        .lines()
                        .findFirst()
                        .orElseThrow()
                        .strip())];
        for (int got = 0; got < body.length; ) {
            int piece = Math.min(more("body"), body.length - got);
            in.get(body, got, piece);
            got += piece;
        }
        return body;
    }

    private String head() throws IOException {
        StringBuilder head = new StringBuilder(200);
        while (head.length() < 4 || head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
            more(head.length() == 0 ? "answer" : "head");
            head.append((char) in.get());
        }
        return head.toString();
    }

    /** How many bytes are there, at least one. */
    private int more(String what) throws IOException {
        if (!in.hasRemaining()) {
            in.clear();
            int read = channel.read(in);
            in.flip();
            if (read < 0) {
                throw new EOFException("the connection ended before its " + what);
            }
        }
        return in.remaining();
    }

    /** From any thread: whoever waits in it fails. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
