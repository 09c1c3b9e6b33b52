package dev.culvert.bench;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** WebSockets of one chain, each of which tells something and waits until it has heard the same. */
final class EchoCrowd {
    /** How many connect at once: fewer than wait at a door that is slow to open. */
    private static final int AT_ONCE = 50;

    private final Chain chain;
    private final List<Teller> tellers;

    private EchoCrowd(Chain chain, List<Teller> tellers) {
        this.chain = chain;
        this.tellers = tellers;
    }

    /** What all share while they tell. */
    private record Round(Latencies latencies, long everyNanos, long endNanos, CountDownLatch over) {}

    /** Opens them all. */
    static EchoCrowd connect(Vertx vertx, Chain chain, int count, int bytes) {
        URI at = URI.create(chain.url());
        WebSocketClient client = vertx.createWebSocketClient(new WebSocketClientOptions().setMaxConnections(count));
        WebSocketConnectOptions where = new WebSocketConnectOptions()
                .setServer(SocketAddress.inetSocketAddress(at.getPort(), at.getHost()))
                .setHost(chain.host())
                .setPort(at.getPort())
                .setURI("/");
        Buffer message = Buffer.buffer(new byte[bytes]);
        List<Teller> tellers = new ArrayList<>();
        while (tellers.size() < count) {
            List<Future<Teller>> some = new ArrayList<>();
            for (int i = tellers.size(); i < count && some.size() < AT_ONCE; i++) {
                some.add(client.connect(where)
                        .map(socket -> new Teller(vertx, vertx.getOrCreateContext(), socket, message)));
            }
            Future.all(some).await();
            some.forEach(teller -> tellers.add(teller.result()));
        }
        return new EchoCrowd(chain, tellers);
    }

    Chain chain() {
        return chain;
    }

    /**
     * Lets all tell, one message of each at a time.
     *
     * @param everyMillis how long from one message of a socket to the next; 0 for as soon as it has heard
     */
    Latencies echo(int everyMillis, int seconds) throws InterruptedException {
        CountDownLatch over = new CountDownLatch(tellers.size());
        Latencies latencies = new Latencies();
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        Round round = new Round(latencies, everyMillis * 1_000_000L, end, over);
        for (int i = 0; i < tellers.size(); i++) {
            // Not all at the same moment.
            tellers.get(i).begin(round, (long) everyMillis * i / tellers.size());
        }
        if (!over.await(seconds + 10L, TimeUnit.SECONDS)) {
            throw new BenchException("%s: %d WebSockets hear nothing".formatted(chain.name(), over.getCount()));
        }
        return latencies;
    }

    /** One of them. On its event loop. */
    private static final class Teller {
        private final Vertx vertx;
        private final Context context;
        private final WebSocket socket;
        private final Buffer message;
        private @Nullable Round round;
        private long toldNanos;

        Teller(Vertx vertx, Context context, WebSocket socket, Buffer message) {
            this.vertx = vertx;
            this.context = context;
            this.socket = socket;
            this.message = message;
            socket.binaryMessageHandler(echo -> heard(Objects.requireNonNull(round)));
        }

        void begin(Round begun, long inMillis) {
            context.runOnContext(ignored -> {
                round = begun;
                tellIn(inMillis);
            });
        }

        private void tellIn(long millis) {
            if (millis > 0) {
                vertx.setTimer(millis, timer -> tell());
            } else {
                tell();
            }
        }

        private void tell() {
            toldNanos = System.nanoTime();
            socket.writeBinaryMessage(message);
        }

        private void heard(Round round) {
            long now = System.nanoTime();
            long took = now - toldNanos;
            round.latencies().add(took);
            long waitMillis = (round.everyNanos() - took) / 1_000_000;
            if (now + Math.max(0, waitMillis) * 1_000_000 >= round.endNanos()) {
                round.over().countDown();
            } else {
                tellIn(Math.max(0, waitMillis));
            }
        }
    }
}
