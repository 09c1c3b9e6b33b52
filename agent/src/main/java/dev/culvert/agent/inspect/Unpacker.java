package dev.culvert.agent.inspect;

import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks one direction's compressed messages (RFC 7692). They may build upon each other, so all of each is unpacked, whatever is
 * kept of it; and where that has failed once, there is nothing more to be had.
 *
 * <p>Used by one thread at a time.
 */
final class Unpacker implements AutoCloseable {
    /** RFC 7692, 7.2.2: what senders leave away at the end of a message. */
    private static final byte[] TAIL = {0, 0, -1, -1};

    /** What a step counts for that brings out nothing, or next to it: beginning anew is work, too. */
    private static final int LEAST_COST = 256;

    private final UnpackBudget budget;
    private final boolean eachAlone;
    private final Inflater inflater = new Inflater(true);
    private final byte[] unpacked = new byte[8 * 1024];
    private boolean open = true;

    private Unpacker(UnpackBudget budget, boolean eachAlone) {
        this.budget = budget;
        this.eachAlone = eachAlone;
    }

    /**
     * An unpacker, where the budget has room for it.
     *
     * @param eachAlone whether no message builds upon the ones before
     */
    static Optional<Unpacker> within(UnpackBudget budget, boolean eachAlone) {
        return budget.begin() ? Optional.of(new Unpacker(budget, eachAlone)) : Optional.empty();
    }

    boolean isOpen() {
        return open;
    }

    /**
     * Unpacks a part of a message.
     *
     * @param most bytes that the body keeps
     * @return false where it cannot be unpacked; the unpacker is closed then
     */
    boolean unpack(byte[] packed, Body into, int most) {
        if (!open) {
            return false;
        }
        inflater.setInput(packed);
        try {
            while (open && !inflater.needsInput()) {
                int size = inflater.inflate(unpacked);
                into.add(Arrays.copyOf(unpacked, Math.min(size, most - into.kept())), size);
                if (!budget.spend(Math.max(size, LEAST_COST)) || inflater.needsDictionary()) {
                    close();
                } else if (inflater.finished()) {
                    goOn(packed);
                }
            }
        } catch (DataFormatException e) {
            close();
        }
        return open;
    }

    /** RFC 7692, 7.2.3.4: a message may say that it ends; the next one begins anew all the same. */
    private void goOn(byte[] packed) {
        int left = inflater.getRemaining();
        inflater.reset();
        inflater.setInput(packed, packed.length - left, left);
    }

    /** The message is over. */
    void end(Body into, int most) {
        if (unpack(TAIL, into, most) && eachAlone) {
            inflater.reset();
        }
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            inflater.end();
            budget.end();
        }
    }
}
