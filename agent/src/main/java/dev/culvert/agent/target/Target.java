package dev.culvert.agent.target;

import io.vertx.core.net.SocketAddress;
import java.io.File;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The local service that visitors reach. Written as a port ({@code 3000}), {@code host:port}, a URL without a path
 * ({@code http://…}, {@code https://…}), {@code unix:/path}, or a folder of files: the path of one that is there, or {@code file:///path}.
 *
 * @param tls whether the target speaks TLS
 * @param hostPort where it is; null for a Unix socket and a folder
 * @param path the Unix socket's path; null otherwise
 * @param folder the folder, absolute, whose files the agent itself serves; null otherwise
 * @param anyLoopback whether ::1 is as good as 127.0.0.1: the target was written as a port or as localhost
 */
public record Target(
        boolean tls,
        @Nullable HostPort hostPort,
        @Nullable String path,
        @Nullable Path folder,
        boolean anyLoopback) {
    private static final String UNIX = "unix:";
    private static final String FILE = "file:";

    /** Reads a target; the exception's message is for the person who wrote it. */
    public static Target parse(String text) {
        try {
            return read(text.strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a target (%s): write a port, host:port, a URL, unix:/path, or a folder"
                            .formatted(text, e.getMessage()));
        }
    }

    /**
     * Reads a target that gets a visitor's bytes as they are; also {@code tcp://host:port}, and for one that speaks TLS
     * itself {@code https://host} and {@code tls://host}.
     */
    public static Target parseRaw(String text) {
        String stripped = text.strip();
        int scheme = stripped.indexOf("://");
        if (scheme < 0) {
            return parse(text);
        }
        try {
            String word = stripped.substring(0, scheme).toLowerCase(Locale.ROOT);
            String authority = stripped.substring(scheme + 3).replaceFirst("/$", "");
            return switch (word) {
                case "tcp" -> ofHostPort(false, HostPort.parse(authority));
                case "tls", "https" -> ofHostPort(false, HostPort.parse(authority, 443));
                default -> throw new IllegalArgumentException(word + ":// is none of tcp://, tls:// and https://");
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"%s\" is not a target (%s): write a port, host:port, or unix:/path"
                    .formatted(text, e.getMessage()));
        }
    }

    private static Target read(String text) {
        if (text.matches("[0-9]+/")) {
            throw new IllegalArgumentException("a port has no slash behind it");
        } else if (text.matches("[0-9]+")) {
            return new Target(false, new HostPort("127.0.0.1", HostPort.port(text)), null, null, true);
        }
        if (text.startsWith(UNIX)) {
            return ofPath(text.substring(UNIX.length()));
        } else if (text.startsWith(FILE)) {
            return ofFolder(path(() -> Path.of(URI.create(text))));
        } else if (isPath(text)) {
            return ofFolder(path(() -> Path.of(text)));
        }
        int scheme = text.indexOf("://");
        if (scheme < 0 && !text.contains(":")) {
            throw new IllegalArgumentException(
                    isFile(text)
                            ? "it is a file and no folder"
                            : "it has no port, and there is no folder of this name");
        }
        return scheme < 0 ? ofHostPort(false, HostPort.parse(text)) : ofUrl(text, scheme);
    }

    private static Target ofPath(String path) {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("the path of a Unix socket begins with /");
        }
        return new Target(false, null, path, null, false);
    }

    /** What no port or host is, and a name that could be one where there is a folder of that name. */
    private static boolean isPath(String text) {
        return (text.contains("/") && !text.contains(":")) || text.equals(".") || text.equals("..") || isFolder(text);
    }

    private static boolean isFolder(String text) {
        try {
            return !text.isEmpty() && Files.isDirectory(Path.of(text));
        } catch (InvalidPathException e) {
            return false; // A host and its port, on Windows.
        }
    }

    private static boolean isFile(String text) {
        try {
            return !text.isEmpty() && Files.exists(Path.of(text));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static Path path(Supplier<Path> of) {
        try {
            return of.get();
        } catch (InvalidPathException | FileSystemNotFoundException e) {
            throw new IllegalArgumentException("there can be no such folder", e);
        }
    }

    private static Target ofFolder(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    Files.exists(folder) ? "it is a file and no folder" : "there is no such folder");
        }
        return new Target(false, null, null, folder.toAbsolutePath().normalize(), false);
    }

    private static Target ofUrl(String text, int schemeEnd) {
        String scheme = text.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new IllegalArgumentException("%s:// is none of http:// and https://".formatted(scheme));
        }
        String rest = text.substring(schemeEnd + 3);
        String authority = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
        if (authority.contains("/") || authority.contains("?") || authority.contains("#")) {
            throw new IllegalArgumentException("it has a path, and visitors bring their own");
        }
        if (authority.contains("@")) {
            throw new IllegalArgumentException("it has a user, and visitors bring their own");
        }
        boolean tls = scheme.equals("https");
        return ofHostPort(tls, HostPort.parse(authority, tls ? 443 : 80));
    }

    private static Target ofHostPort(boolean tls, HostPort hostPort) {
        return new Target(tls, hostPort, null, null, hostPort.isLocalhost());
    }

    /** The target without its scheme, as the messages about it say it: {@code 127.0.0.1:3000}, {@code unix:/path}, {@code /folder}. */
    public String name() {
        if (folder != null) {
            return folder.toString();
        }
        return hostPort == null ? UNIX + path : hostPort.toString();
    }

    /** The target as a URL; of a Unix socket, {@code unix:/path}. */
    public String url() {
        if (folder != null) {
            return FILE + "//" + percentEncoded(folder);
        }
        return hostPort == null ? UNIX + path : (tls ? "https://" : "http://") + hostPort;
    }

    /** Without a look at what is there, which may come and go: names are remembered by it. */
    private static String percentEncoded(Path folder) {
        return Stream.of(folder.toString().replace(File.separatorChar, '/').split("/"))
                .map(PercentEncoding::encoded)
                .collect(Collectors.joining("/", folder.startsWith("/") ? "" : "/", ""));
    }

    /** Where to connect, in the order to try; a folder is nowhere by itself. */
    List<SocketAddress> addresses() {
        if (folder != null) {
            throw new IllegalStateException(folder + " is where its server is");
        }
        if (hostPort == null) {
            return List.of(SocketAddress.domainSocketAddress(path));
        }
        if (anyLoopback) {
            return List.of(
                    SocketAddress.inetSocketAddress(hostPort.port(), "127.0.0.1"),
                    SocketAddress.inetSocketAddress(hostPort.port(), "::1"));
        }
        return List.of(SocketAddress.inetSocketAddress(hostPort.port(), hostPort.host()));
    }

    @Override
    public String toString() {
        return url();
    }
}
