package dev.culvert.edge.registry;

/** So many unknown names are being asked about that this one was not; asking again in a second helps. */
public final class RegistryBusyException extends RuntimeException {
    public RegistryBusyException() {
        super("too many unknown names are being asked for; try again in a second", null, false, false); // An answer.
    }
}
