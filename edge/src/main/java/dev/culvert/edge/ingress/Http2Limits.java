package dev.culvert.edge.ingress;

import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Settings;

/**
 * What connections that speak HTTP/2 may take. One of a visitor, at the very worst, with all streams at a standstill in both
 * directions, holds {@link #STREAMS} × ({@link #WINDOW_BYTES} of an upload + 2 × {@link #WAITING_BYTES} of a download)
 * = 19 MiB, beside what the tunnels' own windows hold.
 */
final class Http2Limits {
    /** Requests at once; RFC 9113 asks for 100 at least. Who asks for more is refused that stream, and may ask again. */
    static final int STREAMS = 100;

    /** What a visitor may send ahead of its target on one stream, and a target ahead of its visitor: HTTP/2's own default. */
    static final int WINDOW_BYTES = Http2CodecUtil.DEFAULT_WINDOW_SIZE;

    /** How far the window of a stream grows, as long as all that comes is taken: 160 Mbit/s over 50 ms. */
    static final int LARGEST_WINDOW_BYTES = 1024 * 1024;

    /** What all windows of the process may grow by, together. When it is used up, they stay as they are. */
    static final long GROWTH_BYTES = 64 * 1024 * 1024;

    /**
     * Never in anybody's way: all streams' windows together may stand still without using up more than half, and the
     * other half is what Netty grants anew only once it is used up. It is no promise of memory: the streams' windows are.
     */
    static final int CONNECTION_WINDOW_BYTES = 2 * STREAMS * LARGEST_WINDOW_BYTES;

    /** From how many bytes on that the visitor has not taken its target is stopped. One piece, as large, comes on top. */
    static final int WAITING_BYTES = 64 * 1024;

    /** The fields of a head, each with the 32 bytes that HTTP/2 counts for it. Beyond, the answer is 431. */
    static final int HEAD_BYTES = 64 * 1024;

    /** What is read of a head so that it can be answered: a few large cookies too many. A quarter more ends the connection. */
    static final int READ_HEAD_BYTES = 256 * 1024;

    /** Over what time resets are counted. */
    static final int RESETS_SECONDS = 30;

    /** Requests that a visitor may cancel in that time, or that make no sense: more than somebody who closes tabs. */
    static final int RESETS = 200;

    /** The same for a trusted proxy, which carries many visitors. */
    static final int RESETS_OF_PROXY = 20_000;

    /** Heads that wait for a visitor who takes nothing: interim answers and trailers for each stream, and more. */
    static final int UNTAKEN_HEADS = 5 * STREAMS;

    /** How often a connection may change its settings: sound visitors and targets say them once, or a few times. */
    static final int SETTINGS = 1_000;

    /** Answers to pings and settings that wait for a target that takes nothing: nobody sends so many in earnest. */
    static final int UNTAKEN_CONTROL_FRAMES = 1_000;

    private Http2Limits() {}

    /** What the visitor is told. WebSockets are for HTTP/1.1: extended CONNECT is not offered. */
    static Http2Settings settings() {
        return new Http2Settings()
                .maxConcurrentStreams(STREAMS)
                .initialWindowSize(WINDOW_BYTES)
                .maxHeaderListSize(READ_HEAD_BYTES);
    }

    /** What a target is told. It cannot push, and asks nothing: Netty would keep as many streams as it opens. */
    static Http2Settings settingsForTargets() {
        return new Http2Settings()
                .pushEnabled(false)
                .maxConcurrentStreams(0)
                .initialWindowSize(WINDOW_BYTES)
                .maxHeaderListSize(HEAD_BYTES);
    }
}
