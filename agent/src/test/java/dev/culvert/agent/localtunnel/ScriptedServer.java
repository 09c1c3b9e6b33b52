package dev.culvert.agent.localtunnel;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.culvert.testkit.ScriptedPeer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A localtunnel server that a test plays. What nothing else was said for is granted, on one port for all tunnels. */
public final class ScriptedServer implements AutoCloseable {
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<Socket> sockets = new LinkedBlockingQueue<>();
    private final List<Socket> all = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closesAtOnce = new AtomicBoolean();
    private final int count;
    private HttpServer http;
    private ServerSocket port;

    /** What a client asked. */
    public record Asked(String uri, String accept) {}

    private record Answer(int status, Map<String, String> fields, String body) {}

    /**
     * Starts it.
     *
     * @param count how many sockets it has room for
     */
    public ScriptedServer(int count) throws IOException {
        this.count = count;
        start(0);
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
    }

    /** Gives this answer to the next request. */
    public void answer(int status, String body) {
        answer(status, Map.of(), body);
    }

    public void answer(int status, Map<String, String> fields, String body) {
        answers.add(new Answer(status, fields, body));
    }

    /** What it gives for a name by itself. */
    public JsonObject granted(String name) {
        return new JsonObject()
                .put("id", name)
                .put("port", port.getLocalPort())
                .put("max_conn_count", count)
                .put("url", "http://%s.example.com".formatted(name));
    }

    public Asked nextAsked() {
        return take(asked, "a registration");
    }

    /** The next socket that came. */
    public Socket nextSocket() {
        return take(sockets, "a socket");
    }

    /** The sockets that came, when all that it has room for are there. */
    public List<Socket> nextSockets() {
        List<Socket> came = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            came.add(nextSocket());
        }
        return came;
    }

    /** How many sockets came that nobody has taken. */
    public int untaken() {
        return sockets.size();
    }

    /** From here on it closes each socket as soon as it has come. */
    public void closeSocketsAtOnce() {
        closesAtOnce.set(true);
    }

    /** Closes the port and all sockets; registrations are still answered. */
    public void closePort() throws IOException {
        port.close();
        for (Socket socket : all) {
            socket.close();
        }
        all.clear();
        sockets.clear();
    }

    /** Takes sockets again, on another port. */
    public void openPort() throws IOException {
        ServerSocket opened = new ServerSocket(0, 200, InetAddress.getByName("127.0.0.1"));
        port = opened;
        Thread acceptor = new Thread(() -> accept(opened), "scripted-localtunnel");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    /** Ends like a process that is killed. */
    public void stop() throws IOException {
        http.stop(0);
        closePort();
    }

    /** Starts again where it was, knowing nothing. */
    public void startAgain() throws IOException {
        start(http.getAddress().getPort());
    }

    @Override
    public void close() throws IOException {
        stop();
    }

    private void start(int at) throws IOException {
        http = HttpServer.create(new InetSocketAddress("127.0.0.1", at), 0);
        http.createContext("/", this::answer);
        http.start();
        openPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String uri = exchange.getRequestURI().toString();
        asked.add(new Asked(uri, exchange.getRequestHeaders().getFirst("Accept")));
        Answer answer = answers.poll();
        if (answer == null) {
            String name = uri.equals("/?new") ? "quick-otter" : uri.substring(1);
            answer = new Answer(200, Map.of(), granted(name).encode());
        }
        answer.fields().forEach(exchange.getResponseHeaders()::set);
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void accept(ServerSocket from) {
        try {
            while (true) {
                Socket socket = from.accept();
                socket.setSoTimeout((int) ScriptedPeer.PATIENCE.toMillis());
                all.add(socket);
                sockets.add(socket);
                if (closesAtOnce.get() || from.isClosed()) { // Who closes the port may have missed this one.
                    socket.close();
                }
            }
        } catch (SocketException e) {
            // The port was closed.
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static <T> T take(BlockingQueue<T> queue, String what) {
        try {
            T taken = queue.poll(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (taken == null) {
                throw new AssertionError("expected " + what + ", nothing came");
            }
            return taken;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
