package dev.culvert.agent.inspect;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A body or a message, or as much of its beginning as is kept. */
final class Body {
    /** Bytes that are kept of a body: all of most webhooks and pages. What is replayed must be kept whole. */
    static final int MOST_BYTES = 512 * 1024;

    private final ByteArrayOutputStream kept = new ByteArrayOutputStream(0);
    private long passed;

    /**
     * Takes a part.
     *
     * @param part what is kept of it
     * @param size how many bytes it had
     */
    void add(byte[] part, int size) {
        kept.write(part, 0, part.length);
        passed += size;
    }

    /** How many bytes passed. */
    long passed() {
        return passed;
    }

    /** How many bytes of them are kept. */
    int kept() {
        return kept.size();
    }

    /** Whether all that passed was kept. */
    boolean isWhole() {
        return kept.size() == passed;
    }

    byte[] bytes() {
        return kept.toByteArray();
    }

    /** What was kept, where it is text in UTF-8; a last character of which the rest was not kept is left out. */
    Optional<String> text() {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer text = CharBuffer.allocate(kept.size());
        CoderResult result = decoder.decode(ByteBuffer.wrap(kept.toByteArray()), text, isWhole());
        text.flip();
        boolean isText = !result.isError() && text.chars().allMatch(Body::isOfText);
        return isText ? Optional.of(text.toString()) : Optional.empty();
    }

    private static boolean isOfText(int character) {
        return character >= ' '
                || character == '\n'
                || character == '\r'
                || character == '\t'
                || character == '\f'
                || character == 0x1b;
    }
}
