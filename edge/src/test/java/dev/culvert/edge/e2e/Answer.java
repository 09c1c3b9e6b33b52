package dev.culvert.edge.e2e;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A response as a visitor got it.
 *
 * @param head its first line and fields, without the empty line
 * @param headers by name in lower case, each with its values in order
 * @param trailers the same of what came after a chunked body
 * @param chunks how the body was cut: one entry for each chunk, or one for all where it was not chunked
 */
record Answer(
        String head,
        int status,
        Map<String, List<String>> headers,
        List<byte[]> chunks,
        Map<String, List<String>> trailers) {

    /** The first value of a field. */
    Optional<String> header(String name) {
        return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of()).stream()
                .findFirst();
    }

    /** The code that names what went wrong at the edge; empty for an answer of the target. */
    Optional<String> error() {
        return header("culvert-error");
    }

    /** The whole body as text. */
    String body() {
        StringBuilder body = new StringBuilder();
        chunks.forEach(chunk -> body.append(new String(chunk, StandardCharsets.ISO_8859_1)));
        return body.toString();
    }

    @Override
    public String toString() {
        return head + "\n\n" + body();
    }
}
