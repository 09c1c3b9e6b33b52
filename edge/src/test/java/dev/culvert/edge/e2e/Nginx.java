package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** nginx as people run it: sendfile, one worker; gives out the files of a folder and takes new ones by PUT. */
final class Nginx {
    private static final String CONFIG = """
            %s
            daemon off;
            worker_processes 1;
            pid %2$s/nginx.pid;
            error_log stderr notice;
            events { worker_connections 2048; }
            http {
                access_log off;
                sendfile on;
                keepalive_timeout 600s;
                send_timeout 600s;
                client_max_body_size 0;
                client_body_temp_path %2$s/body;
                proxy_temp_path %2$s/proxy;
                fastcgi_temp_path %2$s/fastcgi;
                uwsgi_temp_path %2$s/uwsgi;
                scgi_temp_path %2$s/scgi;
                server {
                    listen 127.0.0.1:%3$d;
                    location / {
                        root %4$s;
                        dav_methods PUT DELETE;
                    }
                }
            }
            """;

    private final Stage stage;
    private final List<String> command;
    private final int port;
    private Program program;

    private Nginx(Stage stage, List<String> command, int port) throws IOException {
        this.stage = stage;
        this.command = command;
        this.port = port;
        start();
    }

    /** Serves the files of a folder. */
    static Nginx serving(Stage stage, Path files) throws IOException {
        Path home = stage.folder("nginx");
        int port = Stage.freePort();
        // As root it would give its worker another user, who cannot write here.
        String user = System.getProperty("user.name").equals("root") ? "user root;" : "";
        Path config = Files.writeString(home.resolve("nginx.conf"), CONFIG.formatted(user, home, port, files));
        String nginx = Program.installed("nginx");
        return new Nginx(stage, List.of(nginx, "-p", home.toString(), "-e", "stderr", "-c", config.toString()), port);
    }

    int port() {
        return port;
    }

    /** Ends it as its operator does, and waits until its port is free. */
    void stop() throws IOException {
        program.terminate();
        program.exitCode();
    }

    /** Starts it again, on the same port. */
    void start() throws IOException {
        program = stage.program("nginx", command);
        program.err().await("start worker process");
    }
}
