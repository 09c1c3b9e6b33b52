package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakFree.class)
class InspectorTest {
    private static final String REQUESTS = "/api/v1/requests";
    private static final String WEBHOOK = "POST /hook?a=1 HTTP/1.1\r\nHost: web.example.com\r\n"
            + "X-Forwarded-For: 203.0.113.9, 10.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private ScriptedEdge edge;
    private ServerSocket target;
    private ScriptedEdge.Greeted lane;
    private Agent agent;
    private String url;

    @BeforeEach
    void startEverything() throws Exception {
        edge = new ScriptedEdge();
        target = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        agent = Agent.on(vertx, AgentOptions.of(edge.address()).withStateFolder(null), AgentListener.NONE);
        url = get(agent.inspect(0));
        Future<Tunnel> opening = agent.open(TunnelOptions.http(target.getLocalPort()));
        lane = edge.welcome();
        lane.grant("web");
        get(opening);
    }

    @AfterEach
    void stopEverything() throws Exception {
        get(agent.close());
        get(vertx.close());
        edge.close();
        target.close();
    }

    @Test
    void requestAndAnswerAreThereAsTheyCame() throws Exception {
        exchange(2, WEBHOOK, "HTTP/1.1 201 Made\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 4\r\n\r\ndone");

        JsonObject seen = awaitState(1, "done");

        assertEquals("POST", seen.getString("method"));
        assertEquals("/hook?a=1", seen.getString("path"));
        assertEquals(201, seen.getInteger("status"));
        assertEquals("web.example.com", seen.getString("host"));
        assertEquals("203.0.113.9", seen.getString("visitor"), "the one behind the balancer");
        assertEquals("http://127.0.0.1:" + target.getLocalPort(), seen.getString("target"));
        assertEquals("", seen.getString("reason"));
        assertTrue(seen.getLong("totalMicros") >= seen.getLong("firstByteMicros"));
        assertTrue(seen.getBoolean("replayable"));
        assertNull(seen.getValue("replayOf"));
        JsonObject request = seen.getJsonObject("request");
        assertEquals(
                new JsonObject().put("bytes", 7).put("kept", 7).put("text", "{\"a\":1}"), request.getValue("body"));
        assertEquals(
                new JsonObject().put("name", "Host").put("value", "web.example.com"),
                request.getJsonArray("headers").getJsonObject(0));
        JsonObject response = seen.getJsonObject("response");
        assertEquals("Made", response.getString("reason"));
        assertEquals("done", response.getJsonObject("body").getString("text"));
        assertEquals(3, response.getJsonArray("headers").size(), "two fields of one name are two");
        assertEquals(List.of(1L), ids());
        assertEquals(
                new JsonArray()
                        .add(new JsonObject()
                                .put("name", "web")
                                .put("url", "http://web.example.com")
                                .put("target", "http://127.0.0.1:" + target.getLocalPort())
                                .put("online", true)),
                new JsonArray(ask("GET", "/api/v1/tunnels").body()));
    }

    @Test
    void requestsOnOneStreamAreSeveralRecordings() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "HEAD /head HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 23);
            answer(accepted, 2, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            lane.peer().sendText(2, "GET /continue HTTP/1.1\r\n\r\n");
            read(accepted, 26);
            answer(accepted, 2, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            answer(accepted, 2, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n");
            lane.peer().sendText(2, "GET /chunks HTTP/1.1\r\n\r\n");
            read(accepted, 24);
            answer(
                    accepted,
                    2,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-End: 1\r\n\r\n");

            JsonObject last = awaitState(3, "done");
            assertEquals(
                    "abcde",
                    last.getJsonObject("response").getJsonObject("body").getString("text"));
            assertEquals(
                    "X-End",
                    last.getJsonObject("response")
                            .getJsonArray("trailers")
                            .getJsonObject(0)
                            .getString("name"));
        }

        assertEquals("/head", awaitState(1, "done").getString("path"));
        assertEquals(304, awaitState(2, "done").getInteger("status"));
        assertEquals(List.of(3L, 2L, 1L), ids());
    }

    @Test
    void bodyToTheEndOfTheConnectionIsWhole() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            answer(accepted, 2, "HTTP/1.1 200 OK\r\n\r\nall of it");
            accepted.shutdownOutput();
            assertEquals(
                    "all of it",
                    awaitState(1, "done")
                            .getJsonObject("response")
                            .getJsonObject("body")
                            .getString("text"));
        }
    }

    @Test
    void answerThatBreaksOffIsNotTakenForWhole() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            answer(accepted, 2, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
            accepted.shutdownOutput();

            JsonObject seen = awaitState(1, "failed");
            assertEquals("the target ended the connection before its answer was complete", seen.getString("reason"));
            assertEquals(
                    "only this",
                    seen.getJsonObject("response").getJsonObject("body").getString("text"));
        }
    }

    @Test
    void visitorWhoLeavesIsNamed() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            lane.peer().send(new Frame.Reset(2, CloseReason.CANCELLED, 0, ""));

            assertEquals("the visitor left", awaitState(1, "failed").getString("reason"));
        }
    }

    @Test
    void whatIsNoHttpPassesAllTheSame() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            answer(accepted, 2, "what is this\r\n\r\n");
            assertEquals(
                    "the answer cannot be read as HTTP", awaitState(1, "failed").getString("reason"));
            answer(accepted, 2, "and more of it");
            lane.peer().sendText(2, "more");
            read(accepted, 4);
        }
    }

    @Test
    void upgradedBytesPassAndAreCounted() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 61);
            answer(
                    accepted,
                    2,
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET / HTTP");
            lane.peer().sendText(2, "\u0001\u0002\u0003");
            read(accepted, 3);
            awaitUntil(1, seen -> seen.getInteger("requestBytes") == 3);
            JsonObject open = details(1);
            assertEquals("open", open.getString("state"));
            assertEquals(101, open.getInteger("status"));
            assertEquals(10, open.getInteger("responseBytes"));
            assertEquals(
                    0, open.getJsonObject("request").getJsonObject("body").getInteger("kept"), "counted and not kept");
            assertEquals(
                    0, open.getJsonObject("response").getJsonObject("body").getInteger("kept"), "counted and not kept");
            assertTrue(open.getBoolean("upgraded"));
            assertEquals(409, ask("POST", REQUESTS + "/1/replay").statusCode());

            accepted.shutdownOutput();
            lane.peer().send(new Frame.Fin(2, 0));
            assertEquals("", awaitState(1, "done").getString("reason"));
        }
    }

    @Test
    void messagesOfAWebSocketAreThereOneByOne() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 61);
            // The first message in the same packet as the answer
            answer(
                    accepted,
                    2,
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n\u0001\u0001a");
            answer(accepted, 2, "\u0000\u0001b");
            lane.peer().sendText(2, "\u0002\u0002xy");
            read(accepted, 4);
            awaitUntil(1, seen -> seen.getInteger("requestBytes") == 4);
            JsonObject none = messages(1, "");
            assertEquals(0, none.getInteger("passed"), "their last frames have not come");

            send(accepted, new byte[] {(byte) 0x80, 1, 'c'});
            send(accepted, new byte[] {(byte) 0x88, 5, 3, (byte) 0xe9, 'b', 'y', 'e'});
            awaitUntil(1, seen -> seen.getInteger("messages") == 2);
            JsonObject two = messages(1, "?after=0");
            JsonObject first = two.getJsonArray("messages").getJsonObject(0);
            assertEquals("target", first.getString("from"));
            assertEquals("text", first.getString("kind"));
            assertEquals("abc", first.getString("text"));
            assertEquals(3, first.getInteger("bytes"));
            assertEquals(1, first.getInteger("number"));
            assertFalse(two.getBoolean("unreadable"));
            JsonArray second = messages(1, "?after=1").getJsonArray("messages");
            assertEquals(1, second.size());
            assertEquals(2, second.getJsonObject(0).getInteger("number"));
            assertEquals(1001, second.getJsonObject(0).getInteger("closeStatus"));
            assertEquals("bye", second.getJsonObject(0).getString("closeReason"));
            assertEquals(400, ask("GET", REQUESTS + "/1/messages?after=x").statusCode());
            assertEquals(404, ask("GET", REQUESTS + "/7/messages").statusCode());

            lane.peer().sendText(2, "\u0003\u0002xy");
            read(accepted, 4);
            awaitUntil(1, seen -> seen.getInteger("requestBytes") == 8);
            assertTrue(messages(1, "").getBoolean("unreadable"));
            JsonArray archived = new JsonObject(
                            ask("GET", "/api/v1/requests.har").body())
                    .getJsonObject("log")
                    .getJsonArray("entries")
                    .getJsonObject(0)
                    .getJsonArray("_webSocketMessages");
            assertEquals("abc", archived.getJsonObject(0).getString("data"));
            assertEquals("receive", archived.getJsonObject(0).getString("type"));
            assertEquals(8, archived.getJsonObject(1).getInteger("opcode"));
        }
    }

    @Test
    void longBodyPassesWholeAndItsBeginningIsKept() throws Exception {
        String body = "0123456789abcdef".repeat(64 * 1024); // 1 MiB
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            String answer = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s".formatted(body.length(), body);
            Thread writing = new Thread(() -> {
                try {
                    accepted.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            writing.start();
            StringBuilder came = new StringBuilder();
            while (came.length() < answer.length()) {
                int part = Math.min(32 * 1024, answer.length() - came.length());
                came.append(lane.peer().expectText(2, part));
                lane.peer().send(new Frame.Credit(2, part));
            }
            assertEquals(answer, came.toString());
            writing.join();
        }

        JsonObject seen = awaitState(1, "done").getJsonObject("response").getJsonObject("body");
        assertEquals(body.length(), seen.getInteger("bytes"));
        assertEquals(512 * 1024, seen.getInteger("kept"));
        assertEquals(body.substring(0, 512 * 1024), seen.getString("text"));
        byte[] raw = client.send(
                        HttpRequest.newBuilder(URI.create(url + REQUESTS + "/1/response-body"))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray())
                .body();
        assertEquals(512 * 1024, raw.length);
    }

    @Test
    void requestWhoseTargetIsDownIsKeptAndCanBeSentOnceItIsUp() throws Exception {
        int port = target.getLocalPort();
        target.close();
        lane.open(2, "web");
        lane.peer().sendText(2, WEBHOOK);

        Frame.Reset reset = lane.peer().await(Frame.Reset.class);
        assertEquals(CloseReason.TARGET_REFUSED, reset.reason());
        assertEquals(0, reset.deliveredBytes(), "looked at is not delivered");
        JsonObject seen = awaitState(1, "failed");
        assertEquals("nothing answers on 127.0.0.1:%d (connection refused)".formatted(port), seen.getString("reason"));
        assertNull(seen.getValue("status"));
        assertTrue(seen.getBoolean("replayable"));

        target = new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
        HttpResponse<String> sent = ask("POST", REQUESTS + "/1/replay");
        assertEquals(201, sent.statusCode(), sent.body());
        try (Socket accepted = target.accept()) {
            assertEquals(WEBHOOK, read(accepted, WEBHOOK.length()));
            accepted.getOutputStream().write(OK.getBytes(StandardCharsets.UTF_8));
            JsonObject replay = awaitState(2, "done");
            assertEquals(1, replay.getInteger("replayOf"));
            assertEquals("", replay.getString("visitor"));
            assertEquals(200, replay.getInteger("status"));
            assertEquals(
                    "ok", replay.getJsonObject("response").getJsonObject("body").getString("text"));
            assertEquals(-1, accepted.getInputStream().read(), "nobody waits for more, and no reset says so");
        }
    }

    @Test
    void requestThatComesBehindTheRefusalOfItsTargetIsKept() throws Exception {
        target.close();
        lane.open(2, "web");
        lane.peer().expectNothingFor(Duration.ofMillis(50)); // The target has refused by now.
        lane.peer().sendText(2, WEBHOOK.substring(0, 20));
        lane.peer().sendText(2, WEBHOOK.substring(20));

        assertEquals(0, lane.peer().await(Frame.Reset.class).deliveredBytes());
        assertTrue(awaitState(1, "failed").getBoolean("replayable"));
    }

    @Test
    void requestThatNeverComesWholeIsRefusedAllTheSame() throws Exception {
        target.close();
        lane.open(2, "web");
        lane.peer().sendText(2, WEBHOOK.substring(0, WEBHOOK.length() - 1));

        assertEquals(
                CloseReason.TARGET_REFUSED, lane.peer().await(Frame.Reset.class).reason());
        assertFalse(awaitState(1, "failed").getBoolean("replayable"));
        lane.open(4, "web");
        assertEquals(4, lane.peer().await(Frame.Reset.class).streamId(), "with nothing at all");
    }

    @Test
    void replayThatIsRefusedIsSeenToo() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");
        target.close();

        assertEquals(201, ask("POST", REQUESTS + "/1/replay").statusCode());

        assertTrue(awaitState(2, "failed").getString("reason").startsWith("nothing answers on "));
        target = new ServerSocket(0);
    }

    @Test
    void bodyInChunksIsSentInChunksAgain() throws Exception {
        String chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        exchange(2, chunked, OK);
        awaitState(1, "done");

        assertEquals(201, ask("POST", REQUESTS + "/1/replay").statusCode());

        try (Socket accepted = target.accept()) {
            assertEquals(
                    chunked.toLowerCase(java.util.Locale.ROOT),
                    read(accepted, chunked.length()).toLowerCase(java.util.Locale.ROOT));
        }
        awaitState(2, "failed");
    }

    @Test
    void changedRequestHasItsLengthPutRight() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");

        HttpResponse<String> sent = ask(
                "POST",
                REQUESTS + "/1/replay",
                new JsonObject()
                        .put("method", "PUT")
                        .put("path", "/other")
                        .put(
                                "headers",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("name", "Host")
                                                .put("value", "x")))
                        .put("body", "größer")
                        .encode());

        assertEquals(201, sent.statusCode(), sent.body());
        try (Socket accepted = target.accept()) {
            String wanted = "PUT /other HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\ngrößer";
            assertEquals(wanted, read(accepted, wanted.getBytes(StandardCharsets.UTF_8).length));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"metod\":\"PUT\"} | there is no key \"metod\" here",
                "{\"method\":\"P UT\"} | the method is not one",
                "{\"path\":\"/a b\"} | the path begins with / and has ASCII only: write a blank as %20",
                "{\"path\":7} | path must be a text",
                "{\"body\":\"a\",\"bodyBase64\":\"YQ==\"} | body or bodyBase64, not both",
                "{\"headers\":[{\"name\":\"A\",\"value\":\"x\\r\\nEvil: 1\"}]} | ",
                "{\"headers\":[{\"name\":\"A:\",\"value\":\"x\"}]} | ",
                "{\"headers\":[7]} | headers must be a list of objects with name and value",
                "{\"headers\":[null]} | headers must be a list of objects with name and value",
                "{\"headers\":[{\"name\":\"A\",\"value\":\"€\"}]} | a header has only characters of one byte each"
                        + " (ISO 8859-1); \"€\" has others",
                "{\"headers\":{}} | headers must be a list of objects with name and value",
                "{\"headers\":[{\"value\":\"x\"}]} | ",
                "{\"bodyBase64\":\"?\"} | ",
                "[1] | the changes are not a JSON object",
                "{ | the changes are not a JSON object",
            })
    void changesThatMakeNoSenseAreRefusedInWords(String changes, String sentence) throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");

        HttpResponse<String> answer = ask("POST", REQUESTS + "/1/replay", changes);

        assertEquals(400, answer.statusCode(), answer.body());
        if (sentence != null) {
            assertEquals(sentence, new JsonObject(answer.body()).getString("message"));
        }
        assertEquals(List.of(1L), ids());
    }

    @Test
    void changesAreJsonWhateverTheyAreCalled() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");
        String changes = new JsonObject().put("body", "x".repeat(100_000)).encode();

        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(url + REQUESTS + "/1/replay"))
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(changes))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertEquals(201, answer.statusCode(), answer.body());
    }

    @Test
    void replayThatCannotBeReadIsNotWaitedFor() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");
        JsonArray headers =
                new JsonArray().add(new JsonObject().put("name", "X-Long").put("value", "x".repeat(300_000)));

        HttpResponse<String> answer = ask(
                "POST",
                REQUESTS + "/1/replay",
                new JsonObject().put("headers", headers).encode());

        assertEquals(409, answer.statusCode(), answer.body());
        assertEquals("the request cannot be read as HTTP", new JsonObject(answer.body()).getString("message"));
    }

    @Test
    void requestThatDidNotComeWholeIsNotSentAgain() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345");
        try (Socket accepted = target.accept()) {
            read(accepted, 44);
            answer(accepted, 2, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");

            assertFalse(awaitState(1, "done").getBoolean("replayable"));
            HttpResponse<String> answer = ask("POST", REQUESTS + "/1/replay");
            assertEquals(409, answer.statusCode());
            assertEquals("not_replayable", new JsonObject(answer.body()).getString("code"));
        }
    }

    @Test
    void whatIsClearedIsGoneAlsoWhileItGoesOn() throws Exception {
        lane.open(2, "web");
        lane.peer().sendText(2, "GET / HTTP/1.1\r\n\r\n");
        try (Socket accepted = target.accept()) {
            read(accepted, 18);
            awaitState(1, "open");

            assertEquals(204, ask("DELETE", REQUESTS).statusCode());
            answer(accepted, 2, OK);

            assertEquals(List.of(), ids());
            assertEquals(404, ask("GET", REQUESTS + "/1").statusCode());
            assertEquals(404, ask("POST", REQUESTS + "/1/replay").statusCode());
        }
    }

    @Test
    void eventsBeginWithAllAndGoOnWithWhatChanges() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");
        HttpResponse<InputStream> events = client.send(
                HttpRequest.newBuilder(URI.create(url + "/api/v1/events")).build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8))) {
            JsonObject snapshot = event(lines, "snapshot");
            assertEquals(1, snapshot.getJsonArray("requests").getJsonObject(0).getInteger("id"));
            assertEquals(
                    "web", snapshot.getJsonArray("tunnels").getJsonObject(0).getString("name"));

            exchange(4, "GET /second HTTP/1.1\r\n\r\n", OK);
            JsonObject change = event(lines, "change");
            assertEquals(
                    "/second", change.getJsonArray("requests").getJsonObject(0).getString("path"));

            assertEquals(204, ask("DELETE", REQUESTS).statusCode());
            Stream.generate(() -> eventUnchecked(lines))
                    .anyMatch(next -> next.getJsonArray("gone").size() == 2);
        }
    }

    @Test
    void archiveHasEveryRequestTheEarliestFirst() throws Exception {
        exchange(2, WEBHOOK, OK);
        exchange(4, "GET /second HTTP/1.1\r\nHost: web.example.com\r\n\r\n", OK);
        awaitState(2, "done");

        HttpResponse<String> archive = ask("GET", "/api/v1/requests.har");
        JsonObject log = new JsonObject(archive.body()).getJsonObject("log");

        assertTrue(
                archive.headers().firstValue("Content-Length").isEmpty(),
                "it goes entry by entry: all together may be more than the heap holds");
        assertEquals("1.2", log.getString("version"));
        JsonObject first = log.getJsonArray("entries").getJsonObject(0);
        assertEquals(
                "http://web.example.com/hook?a=1",
                first.getJsonObject("request").getString("url"));
        assertEquals(
                "{\"a\":1}",
                first.getJsonObject("request").getJsonObject("postData").getString("text"));
        assertEquals(
                "ok", first.getJsonObject("response").getJsonObject("content").getString("text"));
        assertEquals(2, log.getJsonArray("entries").size());
    }

    @Test
    void pagesOfOtherSitesGetNothing() throws Exception {
        exchange(2, WEBHOOK, OK);
        awaitState(1, "done");
        int port = URI.create(url).getPort();

        assertEquals("403", raw(port, "GET " + REQUESTS + " HTTP/1.1\r\nHost: evil.example.com:" + port));
        assertEquals("403", raw(port, "GET " + REQUESTS + " HTTP/1.1\r\nHost: 127.0.0.1.evil.example.com"));
        assertEquals("200", raw(port, "GET " + REQUESTS + " HTTP/1.1\r\nHost: localhost:" + port));
        String replay = "POST " + REQUESTS + "/1/replay HTTP/1.1\r\nContent-Length: 0\r\nHost: 127.0.0.1:" + port;
        assertEquals("403", raw(port, replay + "\r\nOrigin: http://evil.example.com"));
        assertEquals("403", raw(port, replay + "\r\nOrigin: null"));
        assertEquals("403", raw(port, replay + "\r\nOrigin: http://127.0.0.1:" + (port - 1)));
        assertEquals(List.of(1L), ids());
        assertEquals("201", raw(port, replay + "\r\nOrigin: http://127.0.0.1:" + port));
    }

    /** As a picture of their pages is asked for, without Origin. */
    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site"})
    void pagesOfOtherSitesTakeNoReadersPlace(String site) throws Exception {
        int port = URI.create(url).getPort();
        String ofSite = " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nSec-Fetch-Site: ".formatted(port);

        assertEquals("403", raw(port, "GET /api/v1/events" + ofSite + site));
        assertEquals("403", raw(port, "GET /%61pi/v1/../v1/events" + ofSite + site));
        assertEquals("403", raw(port, "GET /api/v1/requests.har" + ofSite + site));
        assertEquals("200", raw(port, "GET /" + ofSite + site), "a link to the page");
        assertEquals("200", raw(port, "GET /api/v1/requests" + ofSite + "same-origin"));
        assertEquals("200", raw(port, "GET /api/v1/requests" + ofSite + "none"), "somebody has typed it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/inspector.css", "/inspector.js", "/page.js", "/icon.svg"})
    void pageComesWithAPolicyThatLetsNothingElseIn(String path) throws Exception {
        HttpResponse<String> file = ask("GET", path);

        assertEquals(200, file.statusCode());
        assertTrue(file.headers()
                .firstValue("Content-Security-Policy")
                .orElseThrow()
                .startsWith("default-src 'none';"));
        assertEquals(
                "nosniff", file.headers().firstValue("X-Content-Type-Options").orElseThrow());
    }

    @Test
    void bodyIsAFileAndNeverAPage() throws Exception {
        exchange(2, WEBHOOK, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<script>");
        awaitState(1, "done");

        HttpResponse<String> body = ask("GET", REQUESTS + "/1/response-body");

        assertEquals("<script>", body.body());
        assertEquals(
                "application/octet-stream",
                body.headers().firstValue("Content-Type").orElseThrow());
        assertEquals(
                "attachment; filename=\"response.bin\"",
                body.headers().firstValue("Content-Disposition").orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({
        "GET,/nope,404",
        "PUT,/api/v1/requests,405",
        "GET,/api/v1/requests/x,404",
        "GET,/api/v1/requests/99,404",
        "GET,/api/v1/requests/99999999999999999999,404"
    })
    void whatIsNotThereIsToldAsJson(String method, String path, int status) throws Exception {
        HttpResponse<String> answer = ask(method, path);

        assertEquals(status, answer.statusCode());
        assertFalse(new JsonObject(answer.body()).getString("message").isEmpty());
    }

    @Test
    void portThatIsTakenIsAnAnswerInWords() throws Exception {
        Agent second = Agent.on(vertx, AgentOptions.of(edge.address()).withStateFolder(null), AgentListener.NONE);

        AgentException failure = failure(second.inspect(target.getLocalPort()));

        assertEquals(AgentException.Code.INSPECTOR, failure.code());
        assertTrue(
                failure.getMessage()
                        .startsWith("the inspector cannot listen on port %d of 127.0.0.1 ("
                                .formatted(target.getLocalPort())),
                failure.getMessage());
        assertEquals(AgentException.Code.INSPECTOR, failure(agent.inspect(0)).code(), "one is enough");
        get(second.close());
        assertEquals(AgentException.Code.INSPECTOR, failure(second.inspect(0)).code());
    }

    @Test
    void twoWhoAskAtOnceGetOneInspector() throws Exception {
        Agent asked = Agent.on(vertx, AgentOptions.of(edge.address()).withStateFolder(null), AgentListener.NONE);
        Future<String> first = asked.inspect(0);
        Future<String> second = asked.inspect(0);

        assertEquals("this agent is inspected already", failure(second).getMessage());
        URI where = URI.create(get(first));
        get(asked.close());
        assertGone(where);
    }

    @Test
    void inspectorThatIsStillStartingEndsWithItsAgent() throws Exception {
        Agent asked = Agent.on(vertx, AgentOptions.of(edge.address()).withStateFolder(null), AgentListener.NONE);

        Future<String> starting = asked.inspect(0);
        get(asked.close());

        URI where = URI.create(get(starting));
        assertGone(where);
    }

    @Test
    void inspectorEndsWithItsAgent() throws Exception {
        get(agent.close());

        assertThrows(IOException.class, () -> ask("GET", REQUESTS));
    }

    /** A whole exchange on a stream of its own. */
    private void exchange(int stream, String request, String answer) throws IOException {
        lane.open(stream, "web");
        lane.peer().sendText(stream, request);
        try (Socket accepted = target.accept()) {
            read(accepted, request.length());
            answer(accepted, stream, answer);
        }
        lane.peer().send(new Frame.Reset(stream, CloseReason.CANCELLED, 0, ""));
    }

    private void answer(Socket accepted, int stream, String answer) throws IOException {
        accepted.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
        assertEquals(answer, lane.peer().expectText(stream, answer.length()));
    }

    private static String read(Socket socket, int bytes) throws IOException {
        socket.setSoTimeout((int) ScriptedPeer.PATIENCE.toMillis());
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
    }

    private JsonObject awaitState(long id, String state) {
        awaitUntil(id, seen -> state.equals(seen.getString("state")));
        try {
            return details(id);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitUntil(long id, java.util.function.Predicate<JsonObject> wanted) {
        Awaitility.await()
                .atMost(ScriptedPeer.PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> details(id), wanted::test);
    }

    private JsonObject messages(long id, String query) throws IOException, InterruptedException {
        return new JsonObject(
                ask("GET", REQUESTS + "/" + id + "/messages" + query).body());
    }

    /** Bytes of the target's that need not be text. */
    private void send(Socket accepted, byte[] bytes) throws IOException {
        accepted.getOutputStream().write(bytes);
        String passed = lane.peer().expectText(2, bytes.length);
        assertFalse(passed.isEmpty());
    }

    private JsonObject details(long id) throws IOException, InterruptedException {
        return new JsonObject(ask("GET", REQUESTS + "/" + id).body());
    }

    private List<Long> ids() throws IOException, InterruptedException {
        return new JsonArray(ask("GET", REQUESTS).body())
                .stream().map(one -> ((JsonObject) one).getLong("id")).toList();
    }

    private HttpResponse<String> ask(String method, String path) throws IOException, InterruptedException {
        return ask(method, path, "");
    }

    private HttpResponse<String> ask(String method, String path, String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The status of a request that no client would send for us. */
    private static String raw(int port, String head) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
            return read(socket, 12).substring(9);
        }
    }

    private static JsonObject eventUnchecked(BufferedReader lines) {
        try {
            return event(lines, "change");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonObject event(BufferedReader lines, String type) throws IOException {
        String line = lines.readLine();
        while (line != null && !line.startsWith("event: ")) {
            line = lines.readLine();
        }
        assertEquals("event: " + type, line);
        return new JsonObject(lines.readLine().substring("data: ".length()));
    }

    /** Somebody else may have its port by now. */
    private void assertGone(URI inspector) throws Exception {
        HttpRequest page =
                HttpRequest.newBuilder(inspector).timeout(Duration.ofSeconds(5)).build();
        try {
            String there =
                    client.send(page, HttpResponse.BodyHandlers.ofString()).body();
            assertFalse(there.contains("Culvert"), there);
        } catch (IOException e) {
            // Nobody has.
        }
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage()
                .toCompletableFuture()
                .get(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static AgentException failure(Future<?> future) {
        ExecutionException failure = assertThrows(ExecutionException.class, () -> get(future));
        return assertInstanceOf(AgentException.class, failure.getCause());
    }
}
