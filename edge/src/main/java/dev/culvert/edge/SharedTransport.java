package dev.culvert.edge;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.vertx.core.transport.Transport;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of another transport, on an event loop that is there already: for a second Vert.x that needs no thread of its
 * own.
 *
 * @param implementation all of the other's, but for the event loops
 */
record SharedTransport(String name, io.vertx.core.spi.transport.Transport implementation) implements Transport {
    /** The event loops of a transport; the name that they have in Vert.x's interface. */
    private static final String EVENT_LOOPS = "eventLoopGroup";

    /** The transport on this loop; as it is where the loop is of another kind, or there is none to share. */
    static Transport of(Transport sockets, @Nullable EventLoop loop) {
        return loop != null && fits(sockets, loop)
                ? new SharedTransport(sockets.name(), on(loop, sockets.implementation()))
                : sockets;
    }

    private static boolean fits(Transport sockets, EventLoop loop) {
        if (!(loop instanceof IoEventLoop io)) {
            return false;
        }
        return switch (sockets.name()) {
            case "nio" -> io.isIoType(NioIoHandler.class);
            case "epoll" -> io.isIoType(EpollIoHandler.class);
            default -> false;
        };
    }

    private static io.vertx.core.spi.transport.Transport on(
            EventLoop loop, io.vertx.core.spi.transport.Transport sockets) {
        Class<?> type = io.vertx.core.spi.transport.Transport.class;
        return (io.vertx.core.spi.transport.Transport) Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) ->
                        method.getName().equals(EVENT_LOOPS) ? new SharedLoop(loop) : call(method, sockets, arguments));
    }

    private static @Nullable Object call(Method method, Object target, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Override
    public boolean available() {
        return true;
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return null;
    }
}
