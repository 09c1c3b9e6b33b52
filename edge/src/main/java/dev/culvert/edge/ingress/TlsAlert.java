package dev.culvert.edge.ingress;

/** What a client of TLS is told when there will be no handshake (RFC 8446, 6.2). Fatal, all of them. */
enum TlsAlert {
    HANDSHAKE_FAILURE(40),
    INTERNAL_ERROR(80),
    UNRECOGNIZED_NAME(112);

    private static final byte ALERT = 21;
    private static final byte FATAL = 2;

    private final byte description;

    TlsAlert(int description) {
        this.description = (byte) description;
    }

    /** As it goes out before anything is encrypted, in the version that all clients understand. */
    byte[] record() {
        return new byte[] {ALERT, 3, 1, 0, 2, FATAL, description};
    }
}
