package dev.culvert.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * nginx, with a small answer at {@code /}, one of each size that a load may ask for, a big file at {@code /big}, and
 * {@code /up/} for what is sent.
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
                    root %1$s/www;
                    location / { }
                    location /up/ { root %1$s; dav_methods PUT; }
                }
            }
            """;

    private final Child nginx;
    private final int port;

    private Target(Child nginx, int port) {
        this.nginx = nginx;
        this.port = port;
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
        Files.writeString(www.resolve("index.html"), "x".repeat(smallBytes));
        try (RandomAccessFile big = new RandomAccessFile(www.resolve("big").toFile(), "rw")) {
            big.setLength(bigBytes);
        }
        // Its workers run as another user.
        new ProcessBuilder("chmod", "-R", "a+rwX", folder.toString()).start().waitFor();
        int port = Ports.free();
        Path config = Files.writeString(folder.resolve("target.conf"), CONFIG.formatted(folder, port));
        Child nginx = Child.start("target", folder, Map.of(), List.of("nginx", "-c", config.toString()));
        nginx.awaitPort(port);
        return new Target(nginx, port);
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        nginx.close();
    }
}
