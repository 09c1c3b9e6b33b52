package dev.culvert.edge;

import dev.culvert.edge.demo.Demo;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code culvert demo}: everything on this machine, until a signal ends it. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Runs two edges, an agent and a sample site on this machine, and prints where to look.")
final class DemoCommand implements Callable<Integer> {
    private final Map<String, String> environment;

    @Spec
    private @Nullable CommandSpec spec;

    DemoCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        // The terminal is for what visitors do; of the log only what is wrong.
        LogSettings.apply(environment, "warn");
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Program.run(
                Demo.OPTIONS.eventLoopsOrDefault(),
                vertx -> Demo.start(vertx, Demo.OPTIONS, out).map(demo -> {
                    demo.greet();
                    return new Program.Running(demo::close, demo.broken());
                }),
                Demo.OPTIONS.drainTimeout());
        return 0;
    }
}
