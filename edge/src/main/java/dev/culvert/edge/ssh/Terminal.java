package dev.culvert.edge.ssh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.RequestHandler.Result;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.channel.AbstractServerChannel;

/**
 * A client's terminal (RFC 4254, 6): shows where its tunnels are until Ctrl-C or Ctrl-D, and runs nothing. What the client
 * says comes by MINA's threads, what is shown by the connection's event loop.
 */
final class Terminal extends AbstractServerChannel {
    private static final int CTRL_C = 3;
    private static final int CTRL_D = 4;

    private final SshConnection connection;
    private volatile String lineEnd = "\n";
    private boolean shown;

    private Terminal(SshConnection connection) {
        super(null);
        this.connection = connection;
        addCloseFutureListener(closed -> connection.eventLoop().execute(() -> connection.hide(this)));
    }

    /** Makes them where clients ask for a session. */
    static final class Factory implements ChannelFactory {
        @Override
        public String getName() {
            return "session";
        }

        @Override
        public Channel createChannel(Session session) throws IOException {
            SshConnection connection = session.getAttribute(SshConnection.KEY);
            if (connection == null) {
                throw new IOException("the client is not known");
            }
            return new Terminal(connection);
        }
    }

    /** Shows a line. What the client has no room for is left out: it does not look. */
    void say(String line) {
        byte[] text = (line + lineEnd).getBytes(StandardCharsets.UTF_8);
        if (isClosing()
                || text.length
                        > Math.min(
                                getRemoteWindow().getSize(), getRemoteWindow().getPacketSize())) {
            return;
        }
        getRemoteWindow().consume(text.length);
        Buffer packet = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_DATA, text.length + 2 * Integer.BYTES);
        packet.putUInt(getRecipient());
        packet.putBytes(text);
        try {
            ForwardedChannel.write(getSession(), packet);
        } catch (IOException e) {
            // The session is closing, and says so by itself.
        }
    }

    @Override
    protected Result handleInternalRequest(String request, boolean wantReply, Buffer buffer) {
        return switch (request) {
            case "pty-req" -> {
                lineEnd = "\r\n"; // The client's terminal is raw from here on.
                yield Result.ReplySuccess;
            }
            case "env", "window-change", "signal", "eow@openssh.com" -> Result.ReplySuccess;
            case "shell" -> {
                if (!shown) {
                    shown = true;
                    connection.eventLoop().execute(this::show);
                }
                yield Result.ReplySuccess;
            }
            default -> Result.ReplyFailure;
        };
    }

    private void show() {
        if (!connection.show(this)) {
            leave();
        }
    }

    @Override
    protected void doWriteData(byte[] data, int offset, long length) throws IOException {
        for (int i = offset; i < offset + length; i++) {
            if (data[i] == CTRL_C || data[i] == CTRL_D) {
                leave();
                return;
            }
        }
        getLocalWindow().release(length);
    }

    @Override
    protected void doWriteExtendedData(byte[] data, int offset, long length) throws IOException {
        getLocalWindow().release(length);
    }

    private void leave() {
        try {
            sendExitStatus(0);
            sendEof();
        } catch (IOException e) {
            // The session is closing, and says so by itself.
        }
        close(false);
    }
}
