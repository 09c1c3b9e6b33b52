package dev.culvert.edge.admin;

import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The view of a node among others: it asks each by one address of the event bus, {@code culvert.node.<id>.admin}, and
 * answers there itself. Questions and answers are JSON; unknown fields are ignored, so that neighbouring releases
 * understand each other.
 */
public final class BusView implements ClusterView {
    /** For how long an answer of the others will do: nobody looks closer than that. */
    private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

    /** For how long this node gives the same answer: many may look at once, each from a node of its own. */
    private static final long SAME_ANSWER_NANOS = Duration.ofMillis(250).toNanos();

    /** How long a node may take to answer before it counts as silent; a healthy one takes a few milliseconds. */
    private static final long ANSWER_MILLIS = 700;

    /** How long a node may take to take a tunnel away, which is a change in the registry. */
    private static final long TAKE_AWAY_MILLIS = 5_000;

    private static final String ASK = "ask";
    private static final String STATUS = "status";
    private static final String TAKE_AWAY = "take-away";
    private static final Logger LOGGER = LoggerFactory.getLogger(BusView.class);

    private final Vertx vertx;
    private final LocalNode node;
    private final Map<String, NodeStatus> heard = new ConcurrentHashMap<>();
    private @Nullable MessageConsumer<JsonObject> consumer;

    // Guarded by this.
    private @Nullable Future<List<NodeStatus>> others;
    private long askedNanos;
    private @Nullable Buffer answer;
    private long answeredNanos;

    private BusView(Vertx vertx, LocalNode node) {
        this.vertx = vertx;
        this.node = node;
    }

    /**
     * Begins to answer.
     *
     * @param vertx a clustered one
     * @return completes once the other nodes can ask
     */
    public static Future<BusView> start(Vertx vertx, LocalNode node) {
        BusView view = new BusView(vertx, node);
        MessageConsumer<JsonObject> consumer =
                vertx.eventBus().consumer(address(node.about().id()), view::answer);
        view.consumer = consumer;
        return consumer.completion().map(view);
    }

    /** Answers no more. */
    public Future<Void> close() {
        MessageConsumer<JsonObject> answering = consumer;
        return answering == null ? Future.succeededFuture() : answering.unregister();
    }

    @Override
    public Future<ClusterPicture> look() {
        return here(others()).map(statuses -> ClusterPicture.of(node.status(), statuses));
    }

    @Override
    public Future<Void> takeAway(String id, TunnelKey key, String why) {
        if (id.equals(node.about().id())) {
            return node.takeAway(key, why);
        }
        JsonObject question =
                new JsonObject().put(ASK, TAKE_AWAY).put("tunnel", key.value()).put("why", why);
        return here(ask(id, question, TAKE_AWAY_MILLIS)).mapEmpty();
    }

    private synchronized Future<List<NodeStatus>> others() {
        long now = System.nanoTime();
        if (others == null || now - askedNanos > FRESH_NANOS) {
            askedNanos = now;
            List<String> members = node.registry().members().stream()
                    .filter(id -> !id.equals(node.about().id()))
                    .toList();
            heard.keySet().retainAll(members);
            List<Future<NodeStatus>> asked = members.stream().map(this::status).toList();
            others = Future.join(asked)
                    .map(done -> asked.stream().map(Future::result).toList());
        }
        return others;
    }

    /** Never fails. */
    private Future<NodeStatus> status(String id) {
        return ask(id, new JsonObject().put(ASK, STATUS), ANSWER_MILLIS)
                .map(reply -> NodeStatus.of(new JsonObject((Buffer) reply.body())))
                .onSuccess(status -> heard.put(id, status))
                .otherwise(fault -> {
                    LOGGER.atDebug()
                            .addKeyValue("node", id)
                            .addKeyValue("fault", fault)
                            .log("node did not say how it is; shown as silent");
                    NodeStatus last = heard.get(id);
                    return last == null ? NodeStatus.unheard(id) : last.fallenSilent();
                });
    }

    private Future<Message<Object>> ask(String id, JsonObject question, long millis) {
        return vertx.eventBus().request(address(id), question, new DeliveryOptions().setSendTimeout(millis));
    }

    private void answer(Message<JsonObject> question) {
        String asked = question.body().getString(ASK, "");
        if (asked.equals(STATUS)) {
            question.reply(status());
        } else if (asked.equals(TAKE_AWAY)) {
            node.takeAway(
                            new TunnelKey(question.body().getString("tunnel")),
                            question.body().getString("why"))
                    .onSuccess(done -> question.reply(new JsonObject()))
                    .onFailure(fault -> question.fail(1, String.valueOf(fault.getMessage())));
        } else {
            question.fail(0, "this release does not know the question " + asked);
        }
    }

    private synchronized Buffer status() {
        long now = System.nanoTime();
        if (answer == null || now - answeredNanos > SAME_ANSWER_NANOS) {
            answeredNanos = now;
            answer = node.status().toJson().toBuffer();
        }
        return answer;
    }

    /** The bus may be another Vert.x than the caller's. */
    private static <T> Future<T> here(Future<T> ofBus) {
        Context context = Vertx.currentContext();
        return context == null ? ofBus : Future.fromCompletionStage(ofBus.toCompletionStage(), context);
    }

    private static String address(String node) {
        return "culvert.node." + node + ".admin";
    }
}
