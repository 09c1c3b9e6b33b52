package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;

/** Looks at a head's bytes for what the decoder silently mends: folded fields, and other gaps than one space. */
final class HeadScan implements ByteProcessor {
    private boolean fault;
    private boolean inFirstLine;
    private boolean afterFirstLine;
    private byte last;

    /** Reads the next bytes of the head, which may end anywhere. */
    void read(ByteBuf bytes, int from, int to) {
        bytes.forEachByte(from, to - from, this);
    }

    boolean foundFault() {
        return fault;
    }

    /** A new head begins. */
    void reset() {
        fault = false;
        inFirstLine = false;
        afterFirstLine = false;
        last = 0;
    }

    @Override
    public boolean process(byte value) {
        if (afterFirstLine) {
            fault |= last == '\n' && (value == ' ' || value == '\t');
        } else if (inFirstLine) {
            fault |= value == ' ' ? last == ' ' : value < ' ' && value >= 0 && value != '\r' && value != '\n';
            fault |= last == '\r' && value != '\n';
            afterFirstLine = value == '\n';
        } else {
            inFirstLine = value != '\r' && value != '\n'; // Empty lines before a request are no part of it.
            fault |= value == ' ';
        }
        last = value;
        return true;
    }
}
