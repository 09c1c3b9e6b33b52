package dev.culvert.edge;

import dev.culvert.config.ListenPort;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** What can go wrong with listening, in words for the operator. */
final class Listening {
    /** A port that is free on 127.0.0.1 may be taken on ::1. A second one that is, is rare; a fifth is a fault. */
    private static final int FREE_PORT_TRIES = 5;

    private Listening() {}

    /** Tries a port and lets it go again, so that a taken one is known before anything is started. Blocks. */
    static void probe(String option, List<String> addresses, int port) {
        if (port <= 0) {
            return;
        }
        for (String address : addresses) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(address, port));
            } catch (IOException e) {
                throw inWords(option, address, port, e);
            }
        }
    }

    /** The reason why a port could not be opened; what is not about the port stays what it is. */
    static RuntimeException inWords(String option, String address, int port, Throwable fault) {
        String message = String.valueOf(fault.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("already in use")) {
            return new PortTakenException(option, address, port);
        } else if (message.contains("permission denied")) {
            return new IllegalStateException(
                    "port %d needs more rights than this user has: choose one above 1023 with --%s, or grant CAP_NET_BIND_SERVICE"
                            .formatted(port, option));
        } else if (message.contains("cannot assign")) {
            return new IllegalStateException(
                    "%s is not an address of this machine: change --%s".formatted(address, addressOption(option)));
        }
        return new IllegalStateException(
                "cannot listen on port %d of %s (--%s): %s".formatted(port, address, option, fault.getMessage()),
                fault);
    }

    private static String addressOption(String option) {
        return switch (option) {
            case "admin-port" -> "admin-bind";
            case "cluster-port", "bus-port" -> "cluster-host";
            default -> "bind";
        };
    }

    /** Again with other ports, where the one that was taken had been picked for us. */
    static <T> Future<T> again(Supplier<Future<T>> opening, List<ListenPort> wanted) {
        return again(opening, wanted, FREE_PORT_TRIES);
    }

    private static <T> Future<T> again(Supplier<Future<T>> opening, List<ListenPort> wanted, int triesLeft) {
        return opening.get()
                .recover(fault -> triesLeft > 1
                                && fault instanceof PortTakenException taken
                                && !wanted.contains(new ListenPort(taken.port()))
                        ? again(opening, wanted, triesLeft - 1)
                        : Future.failedFuture(fault));
    }
}
