package dev.culvert.wire;

/** The peer's bytes are not a frame of this protocol; its lane ends. */
public final class MalformedFrameException extends RuntimeException {
    public MalformedFrameException(String found) {
        super(found, null, false, false); // A peer's bytes; where in our code they were read helps nobody.
    }
}
