package dev.culvert.edge.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What is to be computed for the handshake of one connection, done elsewhere. Nothing is read from the connection
 * meanwhile: what a client sends ahead stays in the kernel, instead of piling up before Netty's handler of TLS, which takes
 * none of it yet. Stands before that handler until the handshake is over. On the channel's event loop.
 *
 * <pre>
 *   reads ──{@link #execute}──► computing ──done, or the handshake is over──► reads
 * </pre>
 */
final class HandshakeWork extends ChannelOutboundHandlerAdapter implements Executor {
    private final Executor elsewhere;
    private @Nullable ChannelHandlerContext context;
    private int computing;

    /** Whether it was we who stopped reading. */
    private boolean stopped;

    private boolean over;

    HandshakeWork(Executor elsewhere) {
        this.elsewhere = elsewhere;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    /** Called by the handler of TLS, which takes the handshake further on the event loop once the work is done. */
    @Override
    public void execute(Runnable work) {
        ChannelHandlerContext here = context;
        if (here == null) {
            throw new RejectedExecutionException("not in the pipeline");
        }
        stop(here);
        computing++;
        try {
            elsewhere.execute(() -> {
                if (here.channel().isActive()) { // Who has left needs no answer.
                    work.run();
                }
                if (!here.executor().isShuttingDown()) {
                    here.executor().execute(() -> done(here));
                }
            });
        } catch (RejectedExecutionException e) {
            done(here);
            throw e;
        }
    }

    /**
     * The handshake has ended, well or not: whoever comes behind it finds a connection that reads. To be called before they
     * come.
     */
    void over() {
        over = true;
        ChannelHandlerContext here = context;
        if (here != null) {
            resume(here);
            if (!here.isRemoved()) {
                here.pipeline().remove(this);
            }
        }
    }

    /** Netty's handler of TLS asks for more after each read, whether or not it can do something with it. */
    @Override
    public void read(ChannelHandlerContext here) {
        if (computing == 0 || over) {
            here.read();
        }
    }

    private void stop(ChannelHandlerContext here) {
        if (!over && !stopped && here.channel().config().isAutoRead()) {
            stopped = true;
            here.channel().config().setAutoRead(false);
        }
    }

    private void done(ChannelHandlerContext here) {
        computing--;
        if (computing == 0) {
            resume(here);
        }
    }

    private void resume(ChannelHandlerContext here) {
        if (stopped && here.channel().isActive()) {
            stopped = false;
            here.channel().config().setAutoRead(true);
        }
    }
}
