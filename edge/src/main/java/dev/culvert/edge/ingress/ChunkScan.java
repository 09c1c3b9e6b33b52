package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;

/**
 * Looks at a chunked body's bytes for what the decoder silently mends: white space before a chunk's size, and anything
 * but an extension behind it. Whoever stands before the edge may read {@code 3 3} as another number.
 */
final class ChunkScan {
    private enum Part {
        SIZE,
        GAP,
        EXTENSION,
        DATA,
        DATA_END,
        TRAILERS
    }

    private Part part = Part.SIZE;
    private int digits;
    private long size;
    private boolean fault;

    /** Reads the next bytes of the body, which may end anywhere. */
    void read(ByteBuf bytes, int from, int to) {
        int at = from;
        while (at < to && part != Part.TRAILERS) {
            if (part == Part.DATA) {
                long skipped = Math.min(size, to - at);
                size -= skipped;
                at += (int) skipped;
                part = size == 0 ? Part.DATA_END : Part.DATA;
            } else {
                step(bytes.getByte(at++));
            }
        }
    }

    boolean foundFault() {
        return fault;
    }

    /** A new body begins. */
    void reset() {
        part = Part.SIZE;
        digits = 0;
        size = 0;
        fault = false;
    }

    private void step(byte value) {
        if (value == '\n') {
            lineEnded();
        } else if (part == Part.SIZE) {
            size(value);
        } else if (part == Part.GAP) {
            if (value == ';' || value == '\r') {
                part = Part.EXTENSION;
            } else {
                fault |= value != ' ' && value != '\t';
            }
        }
    }

    /** The decoder itself refuses sizes beyond an int, and most of what is no hexadecimal digit. */
    private void size(byte value) {
        if (value == ';' || value == '\r') {
            part = Part.EXTENSION;
        } else if (value == ' ' || value == '\t') {
            part = Part.GAP;
            fault |= digits == 0;
        } else {
            int digit = Character.digit(value, 16);
            fault |= digit < 0; // At a control character the decoder would end the number.
            digits++;
            size = size * 16 + Math.max(0, digit);
        }
    }

    private void lineEnded() {
        if (part == Part.DATA_END) {
            part = Part.SIZE;
        } else {
            part = size == 0 ? Part.TRAILERS : Part.DATA;
        }
        digits = 0;
    }
}
