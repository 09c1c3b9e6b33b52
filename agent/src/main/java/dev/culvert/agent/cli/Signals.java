package dev.culvert.agent.cli;

/** Ctrl-C, SIGTERM and SIGHUP end the program in good order, with exit code 0: it did what it was told. */
final class Signals implements AutoCloseable {
    private final Thread hook;

    private Signals(Thread hook) {
        this.hook = hook;
    }

    /** From here on a signal runs this and ends the process, until closed. */
    static Signals stop(Runnable stop) {
        Thread hook = new Thread(
                () -> {
                    stop.run();
                    // The exit code would be that of the signal.
                    Runtime.getRuntime().halt(0);
                },
                "culvert-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        return new Signals(hook);
    }

    /** The program ends by itself now. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            waitForTheEnd();
        }
    }

    /** The signal came first, and its exit code is to win: the hook ends the process in a moment. */
    private void waitForTheEnd() {
        try {
            hook.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
