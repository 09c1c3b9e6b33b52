package dev.culvert.agent;

import dev.culvert.agent.dial.DialException;
import dev.culvert.agent.dial.DialPlan;
import dev.culvert.agent.dial.EdgeLane;
import dev.culvert.agent.dial.Greeting;
import dev.culvert.agent.dial.LaneEvents;
import dev.culvert.agent.dial.Lanes;
import dev.culvert.agent.folder.FolderServer;
import dev.culvert.agent.inspect.Inspector;
import dev.culvert.agent.state.AgentState;
import dev.culvert.agent.state.NameChange;
import dev.culvert.agent.state.NameRecord;
import dev.culvert.agent.target.TargetDialer;
import dev.culvert.agent.target.TargetStreams;
import dev.culvert.config.Secret;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Opens tunnels from an edge to local targets, and keeps them open.
 *
 * <pre>{@code
 * Agent agent = Agent.on(vertx, AgentOptions.of("127.0.0.1:7070"), AgentListener.NONE);
 * agent.open(TunnelOptions.http(3000)).onSuccess(tunnel -> System.out.println(tunnel.url()));
 * }</pre>
 *
 * <p>The first connection is not retried: {@link #open} fails, and its caller is there to hear why. From then on the
 * {@linkplain AgentOptions#reconnect() reconnect policy} decides.
 *
 * <p>Safe for use by any thread. Its own work is done on one event-loop context, that of the caller where there is one;
 * futures complete there. Visitors' bytes move on the event loops of the lanes.
 */
public final class Agent {
    private final Vertx vertx;
    private final boolean ownsVertx;
    private final Context home;
    private final AgentOptions options;
    private final AgentListener listener;
    private final AgentState state;
    private final NameWriter nameWriter;
    private final NetClient client;
    private final RandomGenerator random = RandomGenerator.getDefault();
    private final TargetStreams streams = new TargetStreams(new FromTargets());
    private final Map<Integer, Binding> bindings = new ConcurrentHashMap<>();
    private final Map<Integer, Tunnel> tunnels = new ConcurrentHashMap<>();

    /** Those of tunnels whose target is a folder. */
    private final Map<Integer, FolderServer> folders = new HashMap<>();

    private Future<Void> foldersClosed = Future.succeededFuture();

    private final OwnNames ownNames = new OwnNames();
    private final Set<EdgeLane> upLanes = new LinkedHashSet<>();
    private @Nullable Lanes lanes;

    /** The inspector, or the one that is starting; null where none was asked for, or it could not start. */
    private @Nullable Future<Inspector> inspecting;

    private @Nullable Future<Void> closing;
    private boolean troubleTold;
    private int lastId;

    private Agent(Vertx vertx, boolean ownsVertx, AgentOptions options, AgentListener listener) {
        this.vertx = vertx;
        this.ownsVertx = ownsVertx;
        this.home = vertx.getOrCreateContext();
        if (!home.isEventLoopContext()) {
            throw new IllegalStateException("an agent is made on an event loop, or on a thread that is not Vert.x's");
        }
        this.options = options;
        this.listener = listener;
        this.state = new AgentState(options.stateFolder());
        this.nameWriter = new NameWriter(vertx, this::note, this::tellTrouble);
        this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    }

    /** An agent on a caller's Vert.x, which stays the caller's. Nothing is dialed before the first tunnel. */
    public static Agent on(Vertx vertx, AgentOptions options, AgentListener listener) {
        return new Agent(vertx, false, options, listener);
    }

    /** An agent on a small Vert.x of its own, which ends with it. */
    public static Agent alone(AgentOptions options, AgentListener listener) {
        return new Agent(SmallVertx.create(), true, options, listener);
    }

    /**
     * Opens a tunnel.
     *
     * @return the tunnel once visitors are served; fails with {@link AgentException}, after at most 45 s and what the
     *     {@linkplain AgentOptions#tokenSource() token} takes; after two minutes where the edge cannot tell who the agent is
     */
    public Future<Tunnel> open(TunnelOptions wanted) {
        Promise<Tunnel> opened = Promise.promise();
        home.runOnContext(ignored -> open(wanted, opened));
        return opened.future();
    }

    /**
     * Asks the edge whether it takes this agent in, and opens no tunnel.
     *
     * @return succeeds when it does; fails with {@link AgentException}, after at most 45 s and what the token takes
     */
    public Future<Void> greet() {
        Promise<Void> greeted = Promise.promise();
        vertx.executeBlocking(() -> Optional.ofNullable(options.tokenSource() == null ? state.secret() : null))
                .onComplete(
                        secret -> home.runOnContext(ignored -> Greeting.of(vertx, plan(secret.orElse(null)), home)
                                .onComplete(
                                        welcomed -> greeted.complete(),
                                        failure -> greeted.fail(
                                                failure instanceof DialException why
                                                        ? new AgentException(code(why), sentence(why))
                                                        : failure))),
                        greeted::fail);
        return greeted.future();
    }

    /**
     * Records the requests of {@code http} tunnels from here on, and shows them at a port of 127.0.0.1, where people of this
     * machine can look at them and send one again ({@code docs/inspector.md}). Ends with the agent.
     *
     * @param port 0 for a free one
     * @return where to look; fails with {@link AgentException} when it cannot listen there, or is there already
     */
    public Future<String> inspect(int port) {
        Promise<String> listening = Promise.promise();
        home.runOnContext(ignored -> {
            if (closing != null || inspecting != null) {
                String why = closing != null ? "the agent is closed" : "this agent is inspected already";
                listening.fail(new AgentException(AgentException.Code.INSPECTOR, why));
                return;
            }
            Future<Inspector> starting =
                    Inspector.start(vertx, home, port, streams, this::tunnelsNow, Software.VERSION);
            inspecting = starting;
            starting.onComplete(started -> listening.complete(started.url()), failure -> {
                inspecting = null;
                listening.fail(new AgentException(
                        AgentException.Code.INSPECTOR,
                        "the inspector cannot listen on port %d of 127.0.0.1 (%s)"
                                .formatted(port, failure.getMessage())));
            });
        });
        return listening.future();
    }

    private JsonArray tunnelsNow() {
        JsonArray all = new JsonArray();
        tunnels.values().forEach(tunnel -> all.add(describe(tunnel)));
        return all;
    }

    private static JsonObject describe(Tunnel tunnel) {
        Optional<TunnelState.Connected> known = tunnel.lastConnected();
        return new JsonObject()
                .put("name", known.map(TunnelState.Connected::name).orElse(""))
                .put("url", known.map(TunnelState.Connected::url).orElse(""))
                .put("target", tunnel.options().targetName())
                .put("online", tunnel.state() instanceof TunnelState.Connected);
    }

    /**
     * Ends all tunnels and lanes. The names stay reserved for a while, so that the next agent of this owner has them
     * again; {@link Tunnel#close()} gives a name back.
     */
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        home.runOnContext(ignored -> {
            if (closing == null) {
                closing = closeAll();
            }
            closing.onComplete(closed);
        });
        // Outside of the context, which ends with the Vert.x of our own.
        return closed.future().compose(ignored -> ownsVertx ? vertx.close() : Future.succeededFuture());
    }

    Future<Void> close(Tunnel tunnel) {
        Promise<Void> closed = Promise.promise();
        home.runOnContext(ignored -> {
            Binding binding = bindings.get(tunnel.id());
            if (binding != null) {
                binding.close();
            }
            closed.complete();
        });
        return closed.future();
    }

    Future<Void> change(Tunnel tunnel, TunnelOptions newOptions) {
        Promise<Void> changed = Promise.promise();
        home.runOnContext(ignored -> {
            Binding binding = bindings.get(tunnel.id());
            if (binding == null) {
                changed.fail(new AgentException(AgentException.Code.CLOSED, "the tunnel is closed"));
            } else {
                binding.changeTo(newOptions).onComplete(changed);
            }
        });
        return changed.future();
    }

    private void open(TunnelOptions wanted, Promise<Tunnel> opened) {
        int id = ++lastId;
        LoopGuard loopGuard = new LoopGuard(options.edge(), wanted.target());
        Optional<String> loop = loopGuard.refusal();
        if (closing != null) {
            opened.fail(new AgentException(AgentException.Code.CLOSED, "the agent is closed"));
        } else if (loop.isPresent()) {
            opened.fail(new AgentException(AgentException.Code.LOOP, loop.get()));
        } else if (!ownNames.enter(id, wanted)) {
            opened.fail(new AgentException(
                    AgentException.Code.NAME_TAKEN,
                    (wanted.kind() == TunnelOptions.Kind.TCP
                                    ? "this agent has a tunnel at port %s already"
                                    : "this agent has a tunnel named %s already")
                            .formatted(wanted.wanted())));
        } else {
            Tunnel tunnel = new Tunnel(this, wanted, id);
            Binding binding = new Binding(
                    tunnel, opened, vertx, options.reconnect().backoff(random), loopGuard, new FromBindings());
            String purpose = ownNames.purposeFor(id);
            tunnels.put(id, tunnel);
            bindings.put(id, binding);
            listener.onState(tunnel, tunnel.state());
            vertx.executeBlocking(() -> recall(id, wanted, purpose))
                    .onComplete(kept -> home.runOnContext(ignored -> reach(binding, tunnel, kept)), opened::tryFail);
        }
    }

    /** The target is within reach before the edge hears of the tunnel. */
    private void reach(Binding binding, Tunnel tunnel, Kept kept) {
        dialer(tunnel)
                .onComplete(
                        dialer -> {
                            if (!binding.isEnded()) {
                                TunnelOptions options = tunnel.options();
                                streams.put(tunnel.id(), dialer, options.kind().streams(), options.proxyProtocol());
                                start(binding, kept);
                            }
                        },
                        failure -> {
                            String sentence = "%s cannot be served (%s)"
                                    .formatted(tunnel.options().target(), failure.getMessage());
                            binding.end(
                                    new TunnelState.Offline(sentence),
                                    new AgentException(AgentException.Code.FOLDER, sentence));
                        });
    }

    /** The way to the target; a folder's server ends with the tunnel. */
    private Future<TargetDialer> dialer(Tunnel tunnel) {
        TunnelOptions wanted = tunnel.options();
        Path folder = wanted.target().folder();
        if (folder == null) {
            return Future.succeededFuture(new TargetDialer(
                    client, wanted.target(), wanted.insecureTarget(), wanted.kind() == TunnelOptions.Kind.HTTP2));
        }
        return FolderServer.start(vertx, folder).map(server -> {
            if (tunnels.containsKey(tunnel.id())) {
                folders.put(tunnel.id(), server);
            } else {
                close(server);
            }
            return TargetDialer.toServer(client, wanted.target(), server.address());
        });
    }

    private void close(FolderServer folder) {
        foldersClosed = Future.join(foldersClosed, folder.close()).mapEmpty();
    }

    /** What was kept from earlier. */
    private record Kept(@Nullable Secret secret, Optional<NameRecord> name, Optional<String> trouble) {}

    /** Reads files, so not on an event loop; one after the other, so that two tunnels do not find the same name. */
    private synchronized Kept recall(int id, TunnelOptions wanted, String purpose) {
        String edge = options.edge().toString();
        String kind = wanted.kind().word();
        String asked = wanted.wanted();
        Optional<NameRecord> name = asked == null
                ? state.generatedFor(edge, kind, purpose, ownNames.taken(wanted.kind()))
                        .filter(record -> ownNames.reserve(id, record.name()))
                : state.named(edge, kind, asked);
        return new Kept(options.tokenSource() == null ? state.secret() : null, name, state.trouble());
    }

    private Optional<String> note(List<NameChange> changes) {
        state.note(changes);
        return state.trouble();
    }

    private void start(Binding binding, Kept kept) {
        kept.trouble().ifPresent(this::tellTrouble);
        if (closing != null || binding.isEnded()) {
            return;
        }
        if (lanes == null) {
            lanes = new Lanes(vertx, home, plan(kept.secret()), random, new FromVisitors(), new FromLanes());
        }
        binding.start(kept.name(), upLanes);
        lanes.connect();
    }

    private void tellTrouble(String sentence) {
        if (!troubleTold) {
            troubleTold = true;
            listener.onNotice(sentence);
        }
    }

    private DialPlan plan(@Nullable Secret secret) {
        return new DialPlan(
                client,
                options.edge(),
                options.trust(),
                options.proxies().to(options.edge()).orElse(null),
                options.instanceOrRandom(),
                Software.NAME,
                options.tokenSource(),
                secret,
                listener != AgentListener.NONE,
                options.lanes(),
                options.laneOptions(),
                options.reconnect(),
                System::nanoTime);
    }

    private Future<Void> closeAll() {
        List.copyOf(bindings.values()).forEach(Binding::agentClosed);
        Future<Void> lanesClosed = lanes == null ? Future.succeededFuture() : lanes.close();
        Future<Void> inspectorClosed = inspecting == null
                ? Future.succeededFuture()
                : inspecting.compose(Inspector::close, notStarted -> Future.succeededFuture());
        return lanesClosed
                .eventually(() -> inspectorClosed)
                .eventually(() -> foldersClosed)
                .eventually(() -> client.close())
                .eventually(nameWriter::written);
    }

    private String sentence(DialException why) {
        return switch (why.kind()) {
            case NO_TOKEN, UNREACHABLE, UNTRUSTED, PROXY -> String.valueOf(why.getMessage());
            case NO_WELCOME ->
                "%s answers, but not as an edge%s does: %s"
                        .formatted(options.edge(), options.edge().isWeb() ? "" : "'s lane port", why.getMessage());
            case REFUSED -> "the edge at %s refused this agent: %s".formatted(options.edge(), why.getMessage());
        };
    }

    private static AgentException.Code code(DialException why) {
        return switch (why.kind()) {
            case NO_TOKEN -> AgentException.Code.NO_TOKEN;
            case UNREACHABLE, NO_WELCOME -> AgentException.Code.NO_EDGE;
            case UNTRUSTED -> AgentException.Code.UNTRUSTED;
            case PROXY -> AgentException.Code.PROXY_REFUSED;
            case REFUSED -> codeOfRefusal(why.reason());
        };
    }

    private static AgentException.Code codeOfRefusal(CloseReason reason) {
        return switch (reason) {
            case UNAUTHORIZED -> AgentException.Code.UNAUTHORIZED;
            case VERSION_MISMATCH -> AgentException.Code.VERSION_MISMATCH;
            default -> AgentException.Code.REFUSED;
        };
    }

    /** On the event loops of the streams. */
    private final class FromTargets implements TargetStreams.Events {
        @Override
        public void onRefused(int id, String sentence) {
            Tunnel tunnel = tunnels.get(id);
            if (tunnel != null) {
                listener.onTargetRefused(tunnel, sentence);
            }
        }

        @Override
        public void onEnded(int id, StreamRequest request, long nanos, long bytesIn, long bytesOut) {
            Tunnel tunnel = tunnels.get(id);
            if (tunnel == null || tunnel.options().kind().isHttp()) {
                return; // The edge tells of the exchanges on it.
            }
            long startedAtMillis = System.currentTimeMillis() - TimeUnit.NANOSECONDS.toMillis(nanos);
            listener.onConnection(
                    tunnel,
                    new VisitorConnection(
                            request.visitor(),
                            startedAtMillis,
                            bytesIn,
                            bytesOut,
                            TimeUnit.NANOSECONDS.toMicros(nanos)));
        }
    }

    /** On the event loops of the lanes. */
    private final class FromVisitors implements LaneEvents {
        @Override
        public void onGranted(Bound bound) {
            if (bound.tunnel() != null) {
                streams.granted(bound.tunnel(), bound.id());
            }
        }

        @Override
        public void onStream(TunnelStream stream, StreamRequest request) {
            streams.serve(stream, request);
        }

        @Override
        public void onExchange(Exchange exchange) {
            Integer id = streams.idOf(exchange.tunnel());
            Tunnel tunnel = id == null ? null : tunnels.get(id);
            if (tunnel != null) {
                listener.onExchange(tunnel, exchange);
            }
        }
    }

    private final class FromLanes implements Lanes.Listener {
        @Override
        public void onUp(EdgeLane lane) {
            upLanes.add(lane);
            bindings.values().forEach(binding -> binding.onUp(lane));
        }

        @Override
        public void onFrame(EdgeLane lane, Frame.OfLane frame) {
            if (frame instanceof Frame.BoundFrame answer) {
                Binding binding = bindings.get(answer.bound().id());
                if (binding == null) {
                    streams.remove(answer.bound().id()); // Closed in the meantime, and the UNBIND is on its way.
                } else {
                    binding.onAnswer(lane, answer.bound());
                    tellIfSettled();
                }
            } else if (frame instanceof Frame.UnbindFrame unbind) {
                Binding binding = bindings.get(unbind.unbind().id());
                if (binding != null) {
                    binding.onUnbind(lane, unbind.unbind());
                }
            }
        }

        @Override
        public void onDown(EdgeLane lane) {
            upLanes.remove(lane);
            bindings.values().forEach(binding -> binding.onDown(lane));
        }

        private void tellIfSettled() {
            if (lanes != null && bindings.values().stream().allMatch(Binding::isBound)) {
                lanes.settled();
            }
        }

        @Override
        public void onRetry(String why, Duration wait) {
            bindings.values().forEach(binding -> binding.onRetry(why, wait));
        }

        @Override
        public void onGivenUp(DialException why) {
            String sentence = sentence(why);
            AgentException failure = new AgentException(code(why), sentence);
            List.copyOf(bindings.values()).forEach(binding -> binding.end(new TunnelState.Offline(sentence), failure));
        }

        @Override
        public void onNotice(String sentence) {
            listener.onNotice(sentence);
        }
    }

    private final class FromBindings implements Binding.Events {
        @Override
        public void onState(Tunnel tunnel, TunnelState newState) {
            listener.onState(tunnel, newState);
        }

        @Override
        public void onName(Tunnel tunnel, String name, String ticket) {
            ownNames.granted(tunnel.id(), name);
            nameWriter.remember(record(tunnel, name, ticket));
        }

        @Override
        public void onNameLeft(Tunnel tunnel, String name) {
            ownNames.drop(tunnel.id(), name);
        }

        @Override
        public void onNameLost(Tunnel tunnel, String name) {
            ownNames.drop(tunnel.id(), name);
            nameWriter.forget(record(tunnel, name, ""));
        }

        private NameRecord record(Tunnel tunnel, String name, String ticket) {
            TunnelOptions wanted = tunnel.options();
            return new NameRecord(
                    options.edge().toString(),
                    wanted.kind().word(),
                    name,
                    ownNames.purposeFor(tunnel.id()),
                    wanted.wanted() == null,
                    ticket);
        }

        @Override
        public void onUnchanged(String sentence) {
            listener.onNotice(sentence);
        }

        @Override
        public void onEnded(Tunnel tunnel) {
            tunnels.remove(tunnel.id());
            bindings.remove(tunnel.id());
            ownNames.release(tunnel.id());
            streams.remove(tunnel.id());
            FolderServer folder = folders.remove(tunnel.id());
            if (folder != null) {
                close(folder);
            }
        }
    }
}
