package dev.culvert.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * nginx, with a small answer at {@code /}, a big file at {@code /big}, and {@code /up/} for what is sent. It shares the
 * machine with what is measured, so it does as little as it can: a small answer comes from memory and in one piece, as
 * applications write theirs, and not by opening a file and sending head and body one after the other.
 */
final class Target implements AutoCloseable {
    private static final String CONFIG = """
            daemon off;
            worker_processes 2;
            pid %1$s/nginx.pid;
            error_log %1$s/nginx.err;
            events { worker_connections 4000; }
            http {
                access_log off;
                client_max_body_size 0;
                client_body_temp_path %1$s/body;
                proxy_temp_path %1$s/proxy;
                fastcgi_temp_path %1$s/fastcgi;
                uwsgi_temp_path %1$s/uwsgi;
                scgi_temp_path %1$s/scgi;
                sendfile on;
                keepalive_requests 1000000000;
                server {
                    listen 127.0.0.1:%2$d;
                    listen 127.0.0.1:%4$d http2;
                    root %1$s/www;
                    location = / { %3$s }
                    location / { }
                    location /up/ { root %1$s; dav_methods PUT; }
                }
            }
            """;

    /** What fits into a word of nginx's settings, in bytes; a larger answer comes from a file. */
    private static final int MOST_IN_MEMORY_BYTES = 2048;

    private final Child nginx;
    private final int port;
    private final int http2Port;

    private Target(Child nginx, int port, int http2Port) {
        this.nginx = nginx;
        this.port = port;
        this.http2Port = http2Port;
    }

    /**
     * Starts it.
     *
     * @param smallBytes the size of the small answer
     * @param bigBytes the size of {@code /big}
     */
    static Target start(Path folder, int smallBytes, long bigBytes) throws IOException, InterruptedException {
        Path www = Files.createDirectories(folder.resolve("www"));
        Files.createDirectories(folder.resolve("up"));
        String answer = "x".repeat(smallBytes);
        Files.writeString(www.resolve("index.html"), answer);
        try (RandomAccessFile big = new RandomAccessFile(www.resolve("big").toFile(), "rw")) {
            big.setLength(bigBytes);
        }
        // Its workers run as another user.
        new ProcessBuilder("chmod", "-R", "a+rwX", folder.toString()).start().waitFor();
        int port = Ports.free();
        int http2Port = Ports.free();
        String atRoot =
                smallBytes <= MOST_IN_MEMORY_BYTES ? "return 200 \"%s\";".formatted(answer) : "index index.html;";
        Path config =
                Files.writeString(folder.resolve("target.conf"), CONFIG.formatted(folder, port, atRoot, http2Port));
        Child nginx = Child.start("target", folder, Map.of(), List.of("nginx", "-c", config.toString()));
        nginx.awaitPort(port);
        return new Target(nginx, port, http2Port);
    }

    int port() {
        return port;
    }

    /** Where it speaks HTTP/2, from the first byte. */
    int http2Port() {
        return http2Port;
    }

    @Override
    public void close() {
        nginx.close();
    }
}
