package dev.culvert.lane;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

/** Who waits to hear that pieces have left that are joined into one write. On the channel's event loop. */
public final class WaitingWriters {
    private List<ChannelPromise> waiting = new ArrayList<>();

    /** One more piece will go with the next write; a void promise waits for nothing. */
    public void add(ChannelPromise promise) {
        if (!promise.isVoid()) {
            waiting.add(promise);
        }
    }

    /** The promise for the one write: all that wait until now hear of it. */
    public ChannelPromise promise(ChannelHandlerContext context) {
        if (waiting.isEmpty()) {
            return context.voidPromise();
        }
        List<ChannelPromise> given = take();
        return context.newPromise().addListener(written -> {
            for (ChannelPromise promise : given) {
                if (written.isSuccess()) {
                    promise.trySuccess();
                } else {
                    promise.tryFailure(written.cause());
                }
            }
        });
    }

    /** There will be no such write: its pieces are dropped, as with every channel that closes. */
    public void fail() {
        take().forEach(promise -> promise.tryFailure(new ClosedChannelException()));
    }

    private List<ChannelPromise> take() {
        List<ChannelPromise> given = waiting;
        waiting = new ArrayList<>();
        return given;
    }
}
