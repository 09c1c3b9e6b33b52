package dev.culvert.agent;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.StreamRequest;
import dev.culvert.wire.Welcome;
import java.io.IOException;
import java.util.List;

/** An edge that a test plays: the handshake in one call, everything else frame by frame. */
public final class ScriptedEdge implements AutoCloseable {
    private ScriptedPeer.Door door;
    private int lanes;

    public ScriptedEdge() throws IOException {
        door = ScriptedPeer.listen();
    }

    public String address() {
        return door.address();
    }

    public ScriptedPeer.Door door() {
        return door;
    }

    /** Stops taking lanes in; those that stand are the test's to close. */
    public void stop() throws IOException {
        door.close();
    }

    /** Takes lanes in again, on the same port. */
    public void startAgain() throws IOException {
        door = ScriptedPeer.listen(door.port());
    }

    /** Takes the next lane in only to say no. */
    public Hello refuse(CloseReason reason, String detail) throws IOException {
        try (ScriptedPeer peer = door.accept()) {
            Hello hello = peer.expect(Frame.HelloFrame.class).hello();
            peer.send(new Frame.GoAway(reason, 0, List.of(), detail));
            return hello;
        }
    }

    /** Takes the next lane in, as the only node. */
    public Greeted welcome() throws IOException {
        return welcome("node-1", 1);
    }

    /** Takes the next lane in. */
    public Greeted welcome(String node, int nodes) throws IOException {
        ScriptedPeer peer = door.accept().closeBehindTheEnd();
        Hello hello = peer.expect(Frame.HelloFrame.class).hello();
        String lane = "lane-" + ++lanes;
        peer.send(new Frame.WelcomeFrame(new Welcome(Hello.VERSION, node, lane, nodes, 256 * 1024, 5000)));
        return new Greeted(peer, hello, lane);
    }

    /** A lane after its handshake. */
    public record Greeted(ScriptedPeer peer, Hello hello, String lane) {
        /** Takes the next BIND and grants what it asks for, or this name where it asks for none. */
        public Bind grant(String name) {
            Bind bind = peer.expect(Frame.BindFrame.class).bind();
            grant(bind, bind.name() == null ? name : bind.name());
            return bind;
        }

        /** Grants this name to a BIND that was taken before. */
        public void grant(Bind bind, String given) {
            peer.send(new Frame.BoundFrame(Bound.granted(
                    bind.id(), key(given), given, "http://" + given + ".example.com", "ticket-of-" + given)));
        }

        /** Takes the next BIND of a port and grants it, or this one where any will do. */
        public Bind grantPort(int port) {
            Bind bind = peer.expect(Frame.BindFrame.class).bind();
            int given = bind.port() == 0 ? port : bind.port();
            peer.send(new Frame.BoundFrame(Bound.granted(
                    bind.id(), "tcp:" + given, "" + given, "tcp://example.com:" + given, "ticket-of-" + given)));
            return bind;
        }

        /** Opens a stream of raw bytes for a tunnel. */
        public Greeted openRaw(int streamId, String key, StreamRequest.Kind kind) {
            StreamRequest request = new StreamRequest(key, kind, "192.0.2.1:4711", "198.51.100.7:2222", 0, 0);
            peer.send(new Frame.Open(streamId, request, 64 * 1024, 64 * 1024));
            return this;
        }

        /** Takes the next BIND and refuses it. */
        public Bind refuse(Bound.Code code, String message) {
            Bind bind = peer.expect(Frame.BindFrame.class).bind();
            peer.send(new Frame.BoundFrame(Bound.refused(bind.id(), code, message)));
            return bind;
        }

        /** Opens a stream for a tunnel. */
        public Greeted open(int streamId, String name) {
            StreamRequest request = new StreamRequest(key(name), StreamRequest.Kind.HTTP, "192.0.2.1:4711", 0, 0);
            peer.send(new Frame.Open(streamId, request, 64 * 1024, 64 * 1024));
            return this;
        }
    }

    public static String key(String name) {
        return "host:" + name + ".example.com";
    }

    @Override
    public void close() throws IOException {
        door.close();
    }
}
