package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;

/**
 * How HTTP is written to a target and read from it, one exchange at a time: what a {@link TargetConnection} asks of
 * HTTP/1.1 and of HTTP/2. Runs on the stream's event loop.
 */
interface TargetCodec {
    /** The connection that it belongs to. What it has ended hears nothing more. */
    interface Connection {
        /** Sends bytes to the target, and takes them over. */
        void write(ByteBuf bytes);

        /** Whether the target's stream takes more bytes now. */
        boolean isStreamWritable();

        /** More of the request may be sent. */
        void targetWritable();

        /** So many of the bytes that came need not be kept any more. */
        void consumed(int bytes);

        /** A 1xx that is not a 101. */
        void interim(HttpResponse response);

        /** A 101; nothing behind it was read. */
        void switched(HttpResponse response);

        void head(HttpResponse response);

        /** A piece of the body, the last of which ends the response. Taken over. */
        void content(HttpContent content);

        /** What came is not what HTTP has, in words that end "The target sent". Ends the connection. */
        void garbage(String found);

        /** There is no memory for the head that came. Ends the connection. */
        void noRoom();

        /** The response will not be whole. Ends the connection. */
        void lost(String detail);

        /** The target has refused the request, and done nothing of it. Ends the connection. */
        void refused(String detail);

        /** Nothing more can be asked here; what is under way goes on. */
        void takesNoMore(String detail);
    }

    /** Writes a request's head. The exchange before has ended cleanly. */
    void begin(HttpRequest request);

    /** Writes a piece of the request's body, and takes it over. */
    void send(HttpContent content);

    /** Whether more of the request should be written now. */
    boolean isWritable();

    /** Bytes came; taken over. */
    void receive(ByteBuf bytes);

    /** Whether anything of the answer to the latest request has come. */
    boolean isAnswering();

    /** The stream takes more again. */
    void streamWritable();

    /** The target has sent all it will, and the response has not ended. */
    void streamFinished();

    /** Hands on nothing more of the body for now; what the target still sends waits, within the windows. */
    void pause();

    void resume();

    /** Whether, the response having ended, nothing is left behind. */
    boolean isSettled();

    /** Whether, the request having ended, all of it was written; else {@link Connection#targetWritable} tells when. */
    boolean hasSentAll();

    /** Whether another request may follow one that has ended cleanly. */
    boolean isReusable();

    /** Whether bytes may come while nothing was asked. */
    boolean speaksUnasked();

    /** No exchange is under way from here on, until the next one. */
    void rest();

    /** The last words, before this direction of the stream ends. */
    void finish();

    /** After a 101: what came behind it goes to the visitor as it is. This object is done. */
    void handOver(Channel visitor);

    /** Gives back all that it has. */
    void stop();
}
