package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/**
 * A copy of the beginning of a request's body, for another attempt. Once the body is longer than {@link #MAX_BYTES}, or
 * the response has begun, there is no other attempt and the copy goes.
 */
final class ReplayBody {
    /** Enough for forms and API calls; 10,000 visitors at once hold 640 MB at the very worst. */
    static final int MAX_BYTES = 64 * 1024;

    private final ByteBufAllocator allocator;
    private @Nullable ByteBuf copy;
    private @Nullable HttpHeaders trailers;
    private boolean ended;
    private boolean dropped;

    ReplayBody(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /** Copies a piece; it stays the caller's. */
    void add(HttpContent content) {
        if (content instanceof LastHttpContent last) {
            ended = true;
            trailers = last.trailingHeaders();
        }
        int size = content.content().readableBytes();
        if (dropped || size == 0) {
            return;
        }
        if (copy == null) {
            copy = allocator.buffer(Math.min(size, MAX_BYTES), MAX_BYTES);
        }
        if (size > copy.maxWritableBytes()) {
            drop();
        } else {
            copy.writeBytes(content.content(), content.content().readerIndex(), size);
        }
    }

    /** Whether all that the visitor has sent is here. */
    boolean isIntact() {
        return !dropped;
    }

    /** Sends again what the visitor has sent so far. */
    void sendTo(TargetConnection target) {
        if (copy != null) {
            target.send(new DefaultHttpContent(copy.copy()));
        }
        if (ended) {
            LastHttpContent last = new DefaultLastHttpContent();
            if (trailers != null) {
                last.trailingHeaders().set(trailers);
            }
            target.send(last);
        }
    }

    void drop() {
        dropped = true;
        if (copy != null) {
            copy.release();
            copy = null;
        }
    }
}
