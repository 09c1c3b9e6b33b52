package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Chains of other programs. */
final class Proxies {
    private static final String HAPROXY = """
            global
                maxconn 4000
            defaults
                mode %s
                timeout connect 5s
                timeout client 600s
                timeout server 600s
            listen hop
                bind 127.0.0.1:%d%s
                server next 127.0.0.1:%s
            """;

    private static final String NGINX = """
            daemon off;
            worker_processes 2;
            pid %1$s/%2$d.pid;
            error_log %1$s/%2$d.err;
            events { worker_connections 4000; }
            http {
                access_log off;
                client_max_body_size 0;
                client_body_temp_path %1$s/body;
                proxy_temp_path %1$s/proxy;
                fastcgi_temp_path %1$s/fastcgi;
                uwsgi_temp_path %1$s/uwsgi;
                scgi_temp_path %1$s/scgi;
                keepalive_requests 1000000000;
                upstream next { server 127.0.0.1:%3$d; keepalive 256; keepalive_requests 1000000000; }
                server {
                    listen 127.0.0.1:%2$d;
                    location / {
                        proxy_pass http://next;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_buffering off;
                        proxy_request_buffering off;
                    }
                }
            }
            """;

    private final Path folder;
    private final int target;
    private final Pem pem;

    /**
     * Chains that end at a target.
     *
     * @param folder for their settings
     * @param target the target's port
     * @param pem for chains that take visitors in by TLS
     */
    Proxies(Path folder, int target, Pem pem) {
        this.folder = folder;
        this.target = target;
        this.pem = pem;
    }

    /** No chain. */
    Chain direct() {
        return new Chain("direct").enteredAt("http://127.0.0.1:" + target, "localhost");
    }

    /** HAProxy before HAProxy, as many as asked for. */
    Chain haproxies(String name, String mode, int count, boolean secure) throws IOException, InterruptedException {
        return haproxies(name, mode, count, secure, "" + target);
    }

    /** Two of them, with TLS at the first and HTTP/2 to a target at this port. */
    Chain haproxiesToHttp2(String name, int port) throws IOException, InterruptedException {
        return haproxies(name, "http", 2, true, port + " proto h2");
    }

    private Chain haproxies(String name, String mode, int count, boolean secure, String last)
            throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        String next = last;
        for (int i = count; i > 0; i--) {
            int port = Ports.free();
            String tls = secure && i == 1 ? " ssl crt %s alpn h2,http/1.1".formatted(pem.both()) : "";
            Path config = Files.writeString(
                    folder.resolve("haproxy-%d.cfg".formatted(port)), HAPROXY.formatted(mode, port, tls, next));
            chain.keep(Child.start(name, folder, Map.of(), List.of("haproxy", "-db", "-f", config.toString())))
                    .awaitPort(port);
            next = "" + port;
        }
        return chain.enteredAt((secure ? "https" : "http") + "://127.0.0.1:" + next, "localhost");
    }

    /** nginx before nginx. */
    Chain nginxes(String name, int count) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        int next = target;
        for (int i = 0; i < count; i++) {
            int port = Ports.free();
            Path config = Files.writeString(
                    folder.resolve("nginx-%d.conf".formatted(port)), NGINX.formatted(folder, port, next));
            chain.keep(Child.start(name, folder, Map.of(), List.of("nginx", "-c", config.toString())))
                    .awaitPort(port);
            next = port;
        }
        return chain.enteredAt("http://127.0.0.1:" + next, "localhost");
    }

    /** {@code ssh -R} to an sshd of the bench's own. */
    Chain ssh(String name) throws IOException, InterruptedException {
        Path keys = Files.createDirectories(folder.resolve("ssh"));
        key(keys.resolve("host"));
        key(keys.resolve("user"));
        Files.copy(keys.resolve("user.pub"), keys.resolve("authorized"));
        Files.createDirectories(Path.of("/run/sshd"));
        int port = Ports.free();
        int entry = Ports.free();
        Chain chain = new Chain(name);
        chain.keep(Child.start(
                        "sshd",
                        folder,
                        Map.of(),
                        List.of(
                                "/usr/sbin/sshd",
                                "-D",
                                "-e",
                                "-f",
                                "/dev/null",
                                "-o",
                                "Port=" + port,
                                "-o",
                                "ListenAddress=127.0.0.1",
                                "-o",
                                "HostKey=" + keys.resolve("host"),
                                "-o",
                                "AuthorizedKeysFile=" + keys.resolve("authorized"),
                                "-o",
                                "StrictModes=no",
                                "-o",
                                "UsePAM=no")))
                .awaitPort(port);
        chain.keep(Child.start(
                        "ssh",
                        folder,
                        Map.of(),
                        List.of(
                                "ssh",
                                "-N",
                                "-p",
                                "" + port,
                                "-i",
                                keys.resolve("user").toString(),
                                "-o",
                                "StrictHostKeyChecking=no",
                                "-o",
                                "UserKnownHostsFile=/dev/null",
                                "-R",
                                "127.0.0.1:%d:127.0.0.1:%d".formatted(entry, target),
                                "127.0.0.1")))
                .awaitPort(entry);
        return chain.enteredAt("http://127.0.0.1:" + entry, "localhost");
    }

    /** Node's localtunnel, its server and its client. */
    Chain localtunnel(String name, Path npm) throws IOException, InterruptedException {
        int port = Ports.free();
        Chain chain = new Chain(name);
        chain.keep(Child.start(
                        "lt-server",
                        folder,
                        Map.of(),
                        List.of(
                                "node",
                                npm.resolve("server.js").toString(),
                                "--port",
                                "" + port,
                                "--address",
                                "127.0.0.1",
                                "--domain",
                                "lt.localhost",
                                "--max-sockets",
                                "10")))
                .awaitPort(port);
        Child client = chain.keep(Child.start(
                "lt",
                folder,
                Map.of(),
                List.of(
                        "node",
                        npm.resolve("node_modules/localtunnel/bin/lt.js").toString(),
                        "--port",
                        "" + target,
                        "--host",
                        "http://127.0.0.1:" + port,
                        "--subdomain",
                        "bench")));
        client.await("your url is");
        return chain.enteredAt("http://127.0.0.1:" + port, "bench.lt.localhost");
    }

    private void key(Path file) throws IOException, InterruptedException {
        new ProcessBuilder("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.toString())
                .start()
                .waitFor();
    }
}
