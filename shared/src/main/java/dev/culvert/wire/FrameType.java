package dev.culvert.wire;

/** The type byte of each frame. */
final class FrameType {
    static final int HELLO = 1;
    static final int WELCOME = 2;
    static final int BIND = 3;
    static final int BOUND = 4;
    static final int UNBIND = 5;
    static final int OPEN = 6;
    static final int DATA = 7;
    static final int FIN = 8;
    static final int RESET = 9;
    static final int CREDIT = 10;
    static final int EVENT = 11;
    static final int PING = 12;
    static final int PONG = 13;
    static final int GOAWAY = 14;

    /** This type and all above, of which there are none so far, may be skipped by who does not know them. */
    static final int FIRST_SKIPPED = 128;

    private FrameType() {}
}
