package dev.culvert.edge.ingress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;

/** What comes in by HTTP/2, from a visitor or a target: settings are bounded here, and priorities dropped. */
abstract class Http2Frames extends Http2FrameAdapter {
    /** What is remembered of fields, to write them shorter: HTTP/2's own default, even for who offers more. */
    private static final long FIELD_TABLE_BYTES = Http2CodecUtil.DEFAULT_HEADER_TABLE_SIZE;

    private int settingsRead;

    /** What writes to the one that these come from. */
    abstract Http2ConnectionEncoder encoder();

    /** Whether settings have come, which both sides begin with. */
    final boolean hasReadSettings() {
        return settingsRead > 0;
    }

    @Override
    public final void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
        if (++settingsRead > Http2Limits.SETTINGS) {
            throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many changes of settings");
        }
        Long table = settings.headerTableSize();
        if (table != null && table > FIELD_TABLE_BYTES) {
            encoder().configuration().headersConfiguration().maxHeaderTableSize(FIELD_TABLE_BYTES);
        }
    }

    @Override
    public final void onHeadersRead(
            ChannelHandlerContext ctx,
            int id,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean last)
            throws Http2Exception {
        onHeadersRead(ctx, id, headers, padding, last); // Priorities of RFC 7540 are of the past.
    }
}
