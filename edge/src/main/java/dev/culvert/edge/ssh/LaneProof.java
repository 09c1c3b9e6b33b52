package dev.culvert.edge.ssh;

import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an agent shows as its token who has an SSH key: {@code sshsig:<seconds>:<host>:<SSHSIG in base64>}.
 *
 * @param seconds when it was signed, since 1970
 * @param host of the edge that it was signed for, as the agent was told it
 */
record LaneProof(long seconds, String host, SshSignature signature) {
    private static final String PREFIX = "sshsig:";

    /** That of a key of 16,384 bits has some 6,000. */
    private static final int MOST_CHARACTERS = 8 * 1024;

    private static final Pattern SHAPE =
            Pattern.compile(PREFIX + "([1-9][0-9]{0,11}):([!-~]{1,253}):([A-Za-z0-9+/]+={0,2})");

    /** Whether a token is meant to be one. */
    static boolean isMeant(String token) {
        return token.startsWith(PREFIX);
    }

    /** Reads one; says in its exception what is wrong with it. */
    static LaneProof parse(String token) {
        if (token.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException("it has more than %d characters".formatted(MOST_CHARACTERS));
        }
        Matcher parts = SHAPE.matcher(token);
        if (!parts.matches() || parts.group(3).length() % 4 != 0) { // Java would do without the padding.
            throw new IllegalArgumentException("it is not sshsig:<seconds>:<host>:<base64>");
        }
        byte[] signature = Base64.getDecoder().decode(parts.group(3));
        return new LaneProof(Long.parseLong(parts.group(1)), parts.group(2), SshSignature.parse(signature));
    }

    /** What has been signed. */
    String text() {
        return "culvert lane\n" + host + "\n" + seconds + "\n"; // Not formatted: digits are those of a language then.
    }
}
