package dev.culvert.edge;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;

/**
 * SIGTERM, Ctrl-C or SIGHUP: the first asks for an orderly stop, a second SIGTERM or Ctrl-C ends the process at once. A
 * second SIGHUP does not: a terminal that closes sends one, and so does its shell. Where SIGHUP is ignored, as under
 * {@code nohup}, it stays so.
 *
 * <p>A shutdown hook could do the first, but not the second, nor end with exit code 0. The class behind it is in each
 * JDK's {@code jdk.unsupported}; it is reached by reflection because a direct use cannot be compiled without a warning.
 */
final class StopSignal {
    private static final int ENDED_BY_SECOND_SIGNAL = 130;

    private final CountDownLatch first = new CountDownLatch(1);

    /** Takes the signals over; where this Java has none, they keep their usual meaning. */
    static StopSignal install() {
        StopSignal stop = new StopSignal();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler raise = (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                    stop.raise(String.valueOf(arguments[0]).equals("SIGHUP"));
                }
                return null;
            };
            Object onSignal =
                    Proxy.newProxyInstance(StopSignal.class.getClassLoader(), new Class<?>[] {handler}, raise);
            // The one that Windows has not comes last: those before it are taken over by then.
            for (String name : new String[] {"TERM", "INT", "HUP"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), onSignal);
            }
        } catch (ReflectiveOperationException e) {
            return stop;
        }
        return stop;
    }

    /** Waits for the first signal, or the {@linkplain #release release}. */
    void await() throws InterruptedException {
        first.await();
    }

    /** Waits no longer, as after a signal. */
    void release() {
        first.countDown();
    }

    private void raise(boolean hangUp) {
        if (first.getCount() == 0 && !hangUp) {
            Runtime.getRuntime().halt(ENDED_BY_SECOND_SIGNAL);
        }
        first.countDown();
    }
}
