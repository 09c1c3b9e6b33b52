package dev.culvert.edge.ssh;

import io.vertx.core.Future;
import java.io.IOException;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * What a client asks of its connection: forwards (RFC 4254, 7.1), and whether the edge still lives. Nothing is listened
 * on: a forward is a name in the registry, which takes its time, and no thread waits for it.
 */
final class GlobalRequests implements RequestHandler<ConnectionService> {
    private static final String FORWARD = "tcpip-forward";
    private static final String CANCEL = "cancel-tcpip-forward";

    @Override
    public Result process(ConnectionService service, String request, boolean wantReply, Buffer buffer)
            throws IOException {
        Session session = service.getSession();
        SshConnection connection = session.getAttribute(SshConnection.KEY);
        if (connection == null) {
            return Result.ReplyFailure;
        }
        switch (request) {
            case FORWARD -> {
                Asked asked = asked(buffer);
                run(connection, () -> forward(connection, asked, session, wantReply));
            }
            case CANCEL -> {
                Asked asked = asked(buffer);
                run(connection, () -> {
                    boolean cancelled = connection.cancel(asked);
                    answer(connection, wantReply, cancelled ? granted(session) : refused(session));
                });
            }
            default ->
                // The answer tells that the edge lives; it is the same for what nobody knows.
                run(connection, () -> answer(connection, wantReply, refused(session)));
        }
        return Result.Replied;
    }

    private static void run(SshConnection connection, Runnable work) {
        if (connection.requestCame()) {
            connection.eventLoop().execute(work);
        } else {
            connection.disconnect("too many requests at once");
        }
    }

    private static void forward(SshConnection connection, Asked asked, Session session, boolean wantReply) {
        Future<Buffer> answer = connection
                .forward(asked)
                .map(port -> {
                    Buffer packet = granted(session);
                    if (asked.port() == 0) {
                        packet.putUInt(port);
                    }
                    return packet;
                })
                .recover(refusal -> Future.succeededFuture(refused(session)))
                .onComplete(done -> connection.requestOver());
        if (wantReply) {
            connection.answer(answer);
        }
    }

    private static void answer(SshConnection connection, boolean wantReply, Buffer packet) {
        connection.requestOver();
        if (wantReply) {
            connection.answer(Future.succeededFuture(packet));
        }
    }

    private static Asked asked(Buffer buffer) throws IOException {
        String address = buffer.getString();
        long port = buffer.getUInt();
        if (port > 65535) {
            throw new IOException("%d is not a port".formatted(port));
        }
        return new Asked(address, (int) port);
    }

    private static Buffer granted(Session session) {
        return session.createBuffer(SshConstants.SSH_MSG_REQUEST_SUCCESS);
    }

    private static Buffer refused(Session session) {
        return session.createBuffer(SshConstants.SSH_MSG_REQUEST_FAILURE);
    }
}
