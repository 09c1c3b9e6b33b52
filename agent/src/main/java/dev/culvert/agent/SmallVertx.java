package dev.culvert.agent;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;

/** A Vert.x for one agent: it starts fast and keeps few threads. */
public final class SmallVertx {
    private SmallVertx() {}

    /** The native transport where there is one; two event loops, one for each lane; nothing unpacked to disk. */
    public static Vertx create() {
        VertxOptions options = new VertxOptions()
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(2)
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(2)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false));
        return Vertx.vertx(options);
    }
}
