package dev.culvert.agent.folder;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class FolderServerTest {
    @TempDir
    Path outside;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private Path folder;
    private FolderServer server;

    @BeforeEach
    void start() throws Exception {
        folder = Files.createDirectories(outside.resolve("site"));
        write("page.html", "<h1>page</h1>");
        server = FolderServer.start(vertx, folder).await(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        server.close().await(10, TimeUnit.SECONDS);
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void filesAreServedAsTheyAreNow() throws Exception {
        changed("page.html", Instant.now().minusSeconds(1_000));
        Answer first = get("/page.html");
        assertEquals(200, first.status);
        assertEquals("<h1>page</h1>", first.body);
        assertEquals("text/html;charset=utf-8", first.field("content-type").toLowerCase());
        assertEquals("no-cache", first.field("cache-control"));
        assertEquals(304, get("/page.html", "If-Modified-Since: " + first.field("last-modified")).status);

        write("page.html", "<h1>a longer page</h1>");

        Answer young = get("/page.html", "If-Modified-Since: " + first.field("last-modified"));
        assertEquals("<h1>a longer page</h1>", young.body);
        assertEquals("none", young.field("last-modified"), "the next change may be of the same second");
        changed("page.html", Instant.now().minusSeconds(2_000)); // Replaced by an older one.
        Answer older = get("/page.html", "If-Modified-Since: " + first.field("last-modified"));
        assertEquals(200, older.status);
        assertEquals(304, get("/page.html", "If-Modified-Since: " + older.field("last-modified")).status);
    }

    @Test
    void partsAreOfTheFileThatTheVisitorHasAPartOf() throws Exception {
        write("page.html", "<h1>a longer page</h1>");
        changed("page.html", Instant.now().minusSeconds(1_000));
        String date = get("/page.html").field("last-modified");

        assertEquals(206, get("/page.html", "Range: bytes=4-5", "If-Range: " + date).status);
        assertEquals(200, get("/page.html", "Range: bytes=4-5", "If-Range: \"an etag\"").status);
        changed("page.html", Instant.now().minusSeconds(500));
        assertEquals("<h1>a longer page</h1>", get("/page.html", "Range: bytes=4-5", "If-Range: " + date).body);
        Answer part = get("/page.html", "Range: bytes=4-5");
        assertEquals(206, part.status);
        assertEquals("a ", part.body);
        Answer head = ask("HEAD", "/page.html", "Range: bytes=4-5");
        assertEquals("22", head.field("content-length"));
        assertEquals("", head.body);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/nothing",
                "/page.html/",
                "/.env",
                "/.git/config",
                "/%2egit/config",
                "/sub/.hidden",
                "/../secret",
                "/sub/../../secret",
                "/..%2fsecret",
                "/..%5csecret",
                "/sub/..%2f..%2fsecret",
                "/%2e%2e/secret",
                "/%2e%2e%2fsecret",
                "/link-to-secret",
                "/link-out/secret",
                "/link-to-nothing",
                "/link-to-env",
                "/linked-index/",
                "/page.html%00",
                "/%zz",
                "/sub%2ffile",
                "//etc/passwd",
                "/socket",
            })
    void whatIsHiddenOrElsewhereIsNotThere(String path) throws Exception {
        Files.writeString(outside.resolve("secret"), "secret");
        write(".env", "secret");
        write(".git/config", "secret");
        write("sub/.hidden", "secret");
        write("sub/file", "file");
        Files.createSymbolicLink(folder.resolve("link-to-secret"), outside.resolve("secret"));
        Files.createSymbolicLink(folder.resolve("link-out"), outside);
        Files.createSymbolicLink(folder.resolve("link-to-env"), folder.resolve(".env"));
        Files.createSymbolicLink(
                Files.createDirectory(folder.resolve("linked-index")).resolve("index.html"), outside.resolve("secret"));
        Files.createSymbolicLink(folder.resolve("link-to-nothing"), outside.resolve("nothing"));
        Files.createSymbolicLink(
                folder.resolve("socket"), Path.of(server.address().path()));

        Answer answer = get(path);

        boolean emptyList = path.equals("/linked-index/") && answer.status == 200;
        assertTrue(emptyList || answer.status == 404 || answer.status == 400, answer.text);
        assertFalse(answer.text.contains("secret"), answer.text);
    }

    @ParameterizedTest
    @CsvSource({
        "/sub/file, file",
        "/inside, <h1>page</h1>",
        "/.well-known/x, known",
        "/a%2Bb+c%20d%C3%BC, odd",
        "//sub//file, file"
    })
    void whatIsInTheFolderIsThere(String path, String text) throws Exception {
        write("sub/file", "file");
        write(".well-known/x", "known");
        write("a+b+c dü", "odd");
        Files.createSymbolicLink(folder.resolve("inside"), folder.resolve("page.html"));

        assertEquals(text, get(path).body);
    }

    @Test
    void folderHasItsPageOrAListOfWhatVisitorsMaySee() throws Exception {
        write("z/file", "1");
        write(".env", "secret");
        write("Big <b>&'\"", "x".repeat(2_000));
        write("a:b", "");
        Files.createSymbolicLink(folder.resolve("link-out"), outside);

        Answer list = get("/");

        assertEquals(200, list.status);
        Matcher links = Pattern.compile("<a href=\"(.*?)\">(.*?)</a></td><td>(.*?)</td>")
                .matcher(list.body);
        assertEquals(
                "[z/ z/ ] [a%3Ab a:b 0 B] [Big%20%3Cb%3E%26%27%22 Big &lt;b&gt;&amp;&#39;&quot; 2.0 KiB] [page.html page.html 13 B]",
                links.results()
                        .map(link -> "[%s %s %s]".formatted(link.group(1), link.group(2), link.group(3)))
                        .reduce((one, other) -> one + " " + other)
                        .orElse(""));
        assertTrue(list.field("content-security-policy").startsWith("default-src 'none'"));
        assertTrue(get("/z/").body.contains("<a href=\"../\">"));
        write("index.html", "home");
        assertEquals("home", get("/").body);
    }

    @Test
    void folderWithoutItsSlashIsSentToIt() throws Exception {
        write("sub dir/index.html", "sub");

        Answer answer = get("/sub%20dir?a=b");

        assertEquals(302, answer.status);
        assertEquals("/sub%20dir/?a=b", answer.field("location"));
        assertEquals("sub", get("/sub%20dir/").body);
        write("evil.example/x", "");
        assertEquals("/evil.example/", get("//evil.example").field("location"), "and not to another host");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS"})
    void nothingIsWritten(String method) throws Exception {
        Answer answer = ask(method, "/page.html");

        assertEquals(405, answer.status);
        assertEquals("GET, HEAD", answer.field("allow"));
    }

    @Test
    void otherUsersOfTheMachineCannotReachItAndNothingStaysBehind() throws Exception {
        Path socket = Path.of(server.address().path());
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())));

        server.close().await(10, TimeUnit.SECONDS);

        assertFalse(Files.exists(socket.getParent()));
    }

    @Test
    void isThereWithoutTheNativeTransport() throws Exception {
        Vertx nio = Vertx.vertx();
        FolderServer other = FolderServer.start(nio, folder).await(10, TimeUnit.SECONDS);
        try {
            assertEquals("<h1>page</h1>", ask(other, "GET", "/page.html").body);
        } finally {
            other.close().await(10, TimeUnit.SECONDS);
            nio.close().await(10, TimeUnit.SECONDS);
        }
    }

    /** One name, and not another beside it that looks alike. */
    @Test
    void namesAreLinkedByteForByte() throws Exception {
        write("cafe\u0301 +%.txt", "decomposed");
        write("back\\slash", "");

        Matcher link = Pattern.compile("href=\"(.*?)\"").matcher(get("/").body);

        assertTrue(link.find());
        assertEquals("cafe%CC%81%20%2B%25.txt", link.group(1));
        assertEquals("decomposed", get("/" + link.group(1)).body);
        assertTrue(link.find());
        assertEquals("page.html", link.group(1));
        assertFalse(link.find(), "what cannot be asked for is not listed");
    }

    @Test
    void bodyThatNobodyAskedForIsInNobodysWay() throws Exception {
        int length = 8_000_000;
        try (SocketChannel channel = connect(server)) {
            channel.write(head("GET", "/page.html", "Content-Length: " + length));
            ByteBuffer body = ByteBuffer.allocate(length);
            while (body.hasRemaining()) {
                channel.write(body);
            }
            channel.write(head("GET", "/page.html", "Connection: close"));

            String answers = text(channel);

            assertEquals(2, answers.split("HTTP/1.1 200 OK", -1).length - 1, answers);
        }
    }

    @Test
    void visitorWhoLeavesInTheMidstIsForgotten() throws Exception {
        try (RandomAccessFile big = new RandomAccessFile(folder.resolve("big").toFile(), "rw")) {
            big.setLength(500_000_000);
        }
        try (SocketChannel channel = connect(server)) {
            channel.write(head("GET", "/big"));
            channel.read(ByteBuffer.allocate(1_000));
        }

        server.close().await(10, TimeUnit.SECONDS);
    }

    private void changed(String name, Instant when) throws IOException {
        Files.setLastModifiedTime(folder.resolve(name), FileTime.from(when));
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Answer get(String path, String... fields) throws IOException {
        return ask("GET", path, fields);
    }

    private Answer ask(String method, String path, String... fields) throws IOException {
        return ask(server, method, path, fields);
    }

    private static Answer ask(FolderServer of, String method, String path, String... fields) throws IOException {
        String[] all =
                Stream.concat(Stream.of("Connection: close"), Stream.of(fields)).toArray(String[]::new);
        try (SocketChannel channel = connect(of)) {
            channel.write(head(method, path, all));
            return new Answer(text(channel));
        }
    }

    private static SocketChannel connect(FolderServer to) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(to.address().path()));
    }

    private static ByteBuffer head(String method, String path, String... fields) {
        StringBuilder head = new StringBuilder("%s %s HTTP/1.1\r\nHost: hello.example.com\r\n".formatted(method, path));
        for (String field : fields) {
            head.append(field).append("\r\n");
        }
        return ByteBuffer.wrap(head.append("\r\n").toString().getBytes(ISO_8859_1));
    }

    private static String text(SocketChannel channel) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        Channels.newInputStream(channel).transferTo(text);
        return text.toString(UTF_8);
    }

    private static final class Answer {
        private final String text;
        private final int status;
        private final String body;

        private Answer(String text) {
            this.text = text;
            this.status = Integer.parseInt(text.substring(9, 12));
            this.body = text.substring(text.indexOf("\r\n\r\n") + 4);
        }

        private String field(String name) {
            Matcher field = Pattern.compile("(?im)^%s: (.*)$".formatted(name)).matcher(text);
            return field.find() ? field.group(1) : "none";
        }
    }
}
