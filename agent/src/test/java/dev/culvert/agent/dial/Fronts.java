package dev.culvert.agent.dial;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What may stand before an edge's lanes, each on a free port of the loopback address; what comes goes on to a port. */
final class Fronts {
    private final Vertx vertx;
    private final NetClient client;
    private final int behind;

    /** What was seen of those who came, in words. */
    final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    /** The fields of the requests for WebSockets. */
    final BlockingQueue<MultiMap> upgrades = new LinkedBlockingQueue<>();

    Fronts(Vertx vertx, int behind) {
        this.vertx = vertx;
        this.client = vertx.createNetClient();
        this.behind = behind;
    }

    /** Ends TLS. */
    int tls(TestCertificates.Pair pair) {
        NetServerOptions options =
                new NetServerOptions().setSsl(true).setUseAlpn(true).setKeyCertOptions(pem(pair));
        options.getSslOptions().setApplicationLayerProtocols(List.of("culvert-lane", "http/1.1"));
        return await(vertx.createNetServer(options)
                        .connectHandler(socket -> {
                            seen.add(socket.applicationLayerProtocol());
                            join(socket);
                        })
                        .listen(0, "127.0.0.1"))
                .actualPort();
    }

    /** Takes lanes out of WebSockets, over TLS where there is a certificate. */
    int webSocket(TestCertificates.@Nullable Pair pair) {
        HttpServerOptions options = new HttpServerOptions().setWebSocketSubProtocols(List.of("culvert-lane.v1"));
        if (pair != null) {
            options.setSsl(true).setKeyCertOptions(pem(pair));
        }
        return await(vertx.createHttpServer(options)
                        .webSocketHandler(this::join)
                        .listen(0, "127.0.0.1"))
                .actualPort();
    }

    /** Answers every request with this and nothing else. */
    int answering(int status, String body, String... field) {
        return await(vertx.createHttpServer()
                        .requestHandler(request -> {
                            if (field.length > 0) {
                                request.response().putHeader(field[0], field[1]);
                            }
                            request.response().setStatusCode(status).end(body);
                        })
                        .listen(0, "127.0.0.1"))
                .actualPort();
    }

    /** Connects where CONNECT says, for who knows user and password. */
    int proxy(String user, String password) {
        String wanted = "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes());
        return await(vertx.createHttpServer()
                        .requestHandler(request -> {
                            if (request.method() != HttpMethod.CONNECT) {
                                request.response().setStatusCode(400).end();
                            } else if (!wanted.equals(request.getHeader("Proxy-Authorization"))) {
                                request.response().setStatusCode(407).end();
                            } else {
                                connect(request);
                            }
                        })
                        .listen(0, "127.0.0.1"))
                .actualPort();
    }

    /** Says this to whoever says anything, and ends the connection where it has no more to say. */
    int saying(String text, boolean stays) {
        return await(vertx.createNetServer()
                        .connectHandler(socket -> socket.handler(asked -> {
                            if (stays) {
                                socket.write(text);
                            } else {
                                socket.end(Buffer.buffer(text));
                            }
                        }))
                        .listen(0, "127.0.0.1"))
                .actualPort();
    }

    private void connect(HttpServerRequest request) {
        seen.add("CONNECT " + request.authority());
        client.connect(request.authority().port(), request.authority().host())
                .onComplete(
                        there -> request.toNetSocket().onSuccess(here -> {
                            here.pipeTo(there);
                            there.pipeTo(here);
                        }),
                        refused -> request.response().setStatusCode(503).end());
    }

    private void join(NetSocket socket) {
        socket.pause();
        client.connect(behind, "127.0.0.1").onSuccess(there -> {
            socket.pipeTo(there);
            there.pipeTo(socket);
        });
    }

    private void join(ServerWebSocket socket) {
        upgrades.add(socket.headers());
        socket.pause();
        client.connect(behind, "127.0.0.1").onSuccess(there -> {
            socket.handler(there::write).endHandler(ended -> there.end());
            there.handler(bytes -> socket.write(Buffer.buffer(bytes.getBytes())));
            there.endHandler(ended -> socket.close());
            socket.resume();
        });
    }

    private static PemKeyCertOptions pem(TestCertificates.Pair pair) {
        return new PemKeyCertOptions()
                .addKeyPath(pair.key().toString())
                .addCertPath(pair.certificate().toString());
    }

    static <T> T await(Future<T> future) {
        try {
            return future.await(20, TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("not within 20 s", e);
        }
    }
}
