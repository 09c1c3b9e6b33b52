package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * nginx as people run it, with one worker: as a target that gives out the files of a folder and takes new ones by PUT, or
 * as a balancer.
 */
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
            %3$s
            }
            """;

    private static final String FILES = """
            server {
                listen 127.0.0.1:%d;
                location / {
                    root %s;
                    dav_methods PUT DELETE;
                }
            }
            """;

    /** By HTTP/2 alone, from the first byte. */
    private static final String FILES_BY_HTTP2 = FILES.replace(":%d;", ":%d http2;");

    private static final String BY_TLS = """
            server {
                listen 127.0.0.1:%1$d ssl%2$s;
                ssl_certificate %3$s.crt;
                ssl_certificate_key %3$s.key;
                location / {
                    root %4$s;
                }
                location /visitor {
                    return 200 "$proxy_protocol_addr";
                }
            }
            """;

    private static final String TELLING = """
            server {
                listen 127.0.0.1:%d proxy_protocol;
                location / {
                    return 200 "$proxy_protocol_addr:$proxy_protocol_port to $proxy_protocol_server_port";
                }
            }
            """;

    /** Keeps its connections to the edges, for whichever tunnel is next; tries nothing twice, and gives nobody up. */
    private static final String BALANCER = """
            upstream edges {
                %2$s
                keepalive 32;
            }
            map $http_upgrade $connection_upgrade {
                default upgrade;
                '' '';
            }
            server {
                listen 127.0.0.1:%1$d;
                client_body_buffer_size 64k;
                location / {
                    proxy_pass http://edges;
                    proxy_http_version 1.1;
                    proxy_set_header Host $http_host;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $connection_upgrade;
                    proxy_next_upstream off;
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
        int port = Stage.freePort();
        return of(stage, port, FILES.formatted(port, files));
    }

    /** The same by HTTP/2, and nothing else. */
    static Nginx servingByHttp2(Stage stage, Path files) throws IOException {
        int port = Stage.freePort();
        return of(stage, port, FILES_BY_HTTP2.formatted(port, files));
    }

    /** The same by TLS and HTTP/2. */
    static Nginx servingByTlsAndHttp2(Stage stage, Path files, Path name) throws IOException {
        int port = Stage.freePort();
        return of(stage, port, BY_TLS.formatted(port, " http2", name, files));
    }

    /** The same by TLS, with the certificate {@code NAME.crt} and its key {@code NAME.key}. */
    static Nginx servingByTls(Stage stage, Path files, Path name) throws IOException {
        int port = Stage.freePort();
        return of(stage, port, BY_TLS.formatted(port, "", name, files));
    }

    /** The same behind the PROXY protocol; {@code /visitor} is the visitor's address. */
    static Nginx tellingVisitorsByTls(Stage stage, Path files, Path name) throws IOException {
        int port = Stage.freePort();
        return of(stage, port, BY_TLS.formatted(port, " proxy_protocol", name, files));
    }

    /** Wants the PROXY protocol, and answers with the visitor's address and the port that the visitor reached. */
    static Nginx tellingVisitors(Stage stage) throws IOException {
        int port = Stage.freePort();
        return of(stage, port, TELLING.formatted(port));
    }

    /** Stands before these ports in http mode, as people put it before several edges. */
    static Nginx before(Stage stage, List<Integer> ports) throws IOException {
        int port = Stage.freePort();
        String servers = ports.stream()
                .map("server 127.0.0.1:%d max_fails=0;"::formatted)
                .collect(Collectors.joining("\n    "));
        return of(stage, port, BALANCER.formatted(port, servers));
    }

    private static Nginx of(Stage stage, int port, String servers) throws IOException {
        Path home = stage.folder("nginx-" + port);
        // As root it would give its worker another user, who cannot write here.
        String user = System.getProperty("user.name").equals("root") ? "user root;" : "";
        Path config = Files.writeString(home.resolve("nginx.conf"), CONFIG.formatted(user, home, servers));
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
