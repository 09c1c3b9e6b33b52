package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's HTTP/2 as a client, without a socket: bytes come in by {@link #receive} and go out to a {@link Wire}. Used on one
 * event loop.
 */
final class Http2Client {
    private final Wire wire;
    private final EmbeddedChannel channel = new EmbeddedChannel(new ToWire());
    private final Session session;
    private final ChannelHandlerContext context;
    /** Writes that wait for the wire, so that Netty sees how many answers to pings and settings are not taken. */
    private List<ChannelPromise> unwritten = new ArrayList<>(0);

    private boolean parsing;
    private boolean closed;

    /** Where bytes go, and where faults are told. */
    interface Wire {
        /** Takes the bytes over, whether it has room or not. */
        void write(ByteBuf bytes);

        /** Whether there is room; where there is none, {@link #wireWritable} is called once there is. */
        boolean isWritable();

        /**
         * What came makes no sense, or what was written does not reach the server.
         *
         * @param outbound whether it is about what was written, which was given up
         */
        void broken(Throwable cause, boolean outbound);
    }

    /** Says the preface and our settings. */
    Http2Client(Wire wire, Http2FrameListener frames) {
        this.wire = wire;
        this.session = new Builder(frames).build();
        channel.pipeline().addLast(session, new Faults());
        this.context = channel.pipeline().context(session);
        widen(session.connection().connectionStream(), Http2Limits.LARGEST_WINDOW_BYTES);
    }

    /** Whether the server has room for one more request at once. */
    boolean canRequest() {
        return session.connection().local().canOpenStream();
    }

    /**
     * Sends the head of a request.
     *
     * @param whole whether it is the whole request
     * @return its stream; null where it could not be opened, of which the wire has heard
     */
    @Nullable
    Http2Stream request(Http2Headers head, boolean whole) {
        int id = session.connection().local().incrementAndGetNextStreamId();
        session.encoder().writeHeaders(context, id, head, 0, whole, context.newPromise());
        Http2Stream stream = session.connection().stream(id);
        channel.flush();
        return stream;
    }

    /** Sends a piece of the body, once the server's window has room for it, and takes it over. */
    void data(Http2Stream stream, ByteBuf bytes, boolean last) {
        session.encoder().writeData(context, stream.id(), bytes, 0, last, context.newPromise());
        channel.flush();
    }

    /** Ends the request with these. */
    void trailers(Http2Stream stream, Http2Headers trailers) {
        session.encoder().writeHeaders(context, stream.id(), trailers, 0, true, context.newPromise());
        channel.flush();
    }

    /** Whether something of the request waits for the server's window. */
    boolean waitsForWindow(Http2Stream stream) {
        return session.encoder().flowController().hasFlowControlled(stream);
    }

    /** Lets the server send as many more as were taken. */
    void consumed(Http2Stream stream, int bytes) {
        try {
            session.decoder().flowController().consumeBytes(stream, bytes);
        } catch (Http2Exception e) {
            wire.broken(e, false);
        }
    }

    /** Lets the server send further ahead. */
    void widen(Http2Stream stream, int growth) {
        try {
            session.decoder().flowController().incrementWindowSize(stream, growth);
        } catch (Http2Exception e) {
            wire.broken(e, false);
        }
    }

    /** What writes to the server. */
    Http2ConnectionEncoder encoder() {
        return session.encoder();
    }

    /** Bytes came; taken over. Frames are told before this returns. */
    void receive(ByteBuf bytes) {
        parsing = true;
        try {
            channel.pipeline().fireChannelRead(bytes).fireChannelReadComplete();
        } finally {
            parsing = false;
        }
        if (closed) {
            channel.finishAndReleaseAll();
        }
    }

    /** The wire has room again. */
    void wireWritable() {
        List<ChannelPromise> written = unwritten;
        unwritten = new ArrayList<>(0);
        written.forEach(ChannelPromise::trySuccess);
    }

    /** Says that nothing more is asked. */
    void goAway() {
        session.goAway(context, 0, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, context.newPromise());
    }

    /** Gives back all that it has; within {@link #receive}, when that is over. */
    void close() {
        closed = true;
        if (!parsing) {
            channel.finishAndReleaseAll();
        }
    }

    private final class ToWire extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            wire.write((ByteBuf) message);
            if (closed || wire.isWritable()) {
                promise.trySuccess();
            } else {
                unwritten.add(promise);
            }
        }
    }

    private final class Faults extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            wire.broken(cause, false);
        }
    }

    private final class Session extends Http2ConnectionHandler {
        Session(Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
            super(decoder, encoder, settings, true); // On close no GOAWAY, which would wait for a socket.
        }

        @Override
        protected void onStreamError(
                ChannelHandlerContext ctx, boolean outbound, Throwable cause, StreamException broken) {
            wire.broken(broken, outbound);
        }

        @Override
        protected void onConnectionError(
                ChannelHandlerContext ctx, boolean outbound, Throwable cause, @Nullable Http2Exception broken) {
            wire.broken(cause, false);
        }
    }

    private final class Builder extends AbstractHttp2ConnectionHandlerBuilder<Session, Builder> {
        Builder(Http2FrameListener frames) {
            Http2Connection client = new DefaultHttp2Connection(false);
            client.remote()
                    .flowController(
                            new DefaultHttp2RemoteFlowController(client, new UniformStreamByteDistributor(client)));
            connection(client);
            frameListener(frames);
            initialSettings(Http2Limits.settingsForTargets());
            validateHeaders(true);
            encoderEnforceMaxQueuedControlFrames(Http2Limits.UNTAKEN_CONTROL_FRAMES);
        }

        @Override
        protected Session build() {
            return super.build();
        }

        @Override
        protected Session build(
                Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
            return new Session(decoder, encoder, settings);
        }
    }
}
