package dev.culvert.edge.ingress;

import dev.culvert.lane.WindowBudget;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.DefaultHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.TooLongHttpHeaderException;

/**
 * What the heads and trailers of one connection, or of one stream of HTTP/2, may take of the heap. Small fields take many
 * times their bytes there, so they are bounded in number, too. There is room for an ordinary head everywhere; what a
 * larger one takes beyond that comes out of a budget of the process, until its exchange is over. Used on the
 * connection's event loop.
 */
final class FieldRoom {
    /** Fields of a head or of trailers. Others allow 100 as a rule, and browsers send 30. */
    static final int MOST = 256;

    /** What the objects of a field take: an entry of a table, and two texts. */
    private static final int OBJECTS_BYTES = 128;

    /** An ordinary head: 25 fields of 100 bytes, for instance. It is part of what there is for each connection. */
    private static final int OWN_BYTES = 8 * 1024;

    private final WindowBudget budget;
    private boolean counting;
    private boolean grown;
    private int fields;
    private long bytes;
    private long taken;

    FieldRoom(WindowBudget budget) {
        this.budget = budget;
    }

    /** What large heads may take together: an eighth of the heap. With the launcher's 256 MiB 500 of 64 KiB. */
    static WindowBudget budget() {
        return new WindowBudget(Runtime.getRuntime().maxMemory() / 8);
    }

    /** There is no memory for this head now. A smaller one, or one that comes later, may find some. */
    static final class NoRoomException extends DecoderException {
        private static final long serialVersionUID = 1;

        private NoRoomException() {
            super("there is no memory for as many large heads");
        }
    }

    /** Makes the fields of heads for a decoder, and counts them. */
    HttpHeadersFactory heads() {
        return new Factory(DefaultHttpHeadersFactory.headersFactory(), true);
    }

    /** Makes the fields of trailers for a decoder, and counts them. */
    HttpHeadersFactory trailers() {
        return new Factory(DefaultHttpHeadersFactory.trailersFactory(), false);
    }

    /** Something of the head that is no field, of so many bytes. Fails with {@link NoRoomException}. */
    void take(int size) {
        grown |= size > OWN_BYTES;
        bytes += 2L * size; // As a text, and as the bytes it was read from.
        long more = bytes - OWN_BYTES - taken;
        if (more > 0) {
            if (!budget.tryTake(more)) {
                throw new NoRoomException();
            }
            taken += more;
        }
    }

    /** The head, or the trailers, are whole. Fields that the edge adds from here on are not counted. */
    void settle() {
        counting = false;
    }

    /**
     * Whether there was a line longer than {@link #OWN_BYTES}. The decoder keeps the buffer that has grown for it, so the
     * connection should not be used for another head.
     */
    boolean hasGrown() {
        return grown;
    }

    /** The exchange, the connection, or the stream, has ended. */
    void close() {
        budget.giveBack(taken);
        taken = 0;
    }

    /**
     * A head, or trailers, begin. Trailers come on top of the head, which is still there.
     *
     * @param head whether it is a head
     */
    void begin(boolean head) {
        counting = true;
        fields = 0;
        if (head) {
            bytes = 0;
        }
    }

    /** A field. Fails with {@link TooLongHttpHeaderException} where it is one too many, or with {@link NoRoomException}. */
    void take(CharSequence name, CharSequence value) {
        takeName(name);
        take(value.length());
    }

    private void takeName(CharSequence name) {
        if (++fields > MOST) {
            throw new TooLongHttpHeaderException("more than %d fields".formatted(MOST));
        }
        take(OBJECTS_BYTES / 2 + name.length());
    }

    /**
     * Counts names and values where Netty's own fields have them checked. A class of fields that counts would do, too, but
     * calls that lead to one class are faster than calls that lead to two.
     */
    private final class Factory implements HttpHeadersFactory {
        private final DefaultHttpHeadersFactory counted;
        private final boolean head;

        Factory(DefaultHttpHeadersFactory plain, boolean head) {
            this.head = head;
            DefaultHeaders.NameValidator<CharSequence> names = plain.getNameValidator();
            DefaultHeaders.ValueValidator<CharSequence> values = plain.getValueValidator();
            counted = plain.withNameValidator(name -> {
                        names.validateName(name);
                        if (counting) {
                            takeName(name);
                        }
                    })
                    .withValueValidator(value -> {
                        values.validate(value);
                        if (counting) {
                            take(value.length());
                        }
                    });
        }

        @Override
        public HttpHeaders newHeaders() {
            begin(head);
            return counted.newHeaders();
        }

        @Override
        public HttpHeaders newEmptyHeaders() {
            return counted.newEmptyHeaders();
        }
    }
}
