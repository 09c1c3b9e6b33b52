package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSH's own {@code ssh-keygen} signs, and checks what was signed. */
@Timeout(60)
class SshKeyProofTest {
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_764_579_600), ZoneOffset.UTC);
    private static final Pattern TOKEN = Pattern.compile("sshsig:1764579600:edge\\.example\\.com:([A-Za-z0-9+/=]+)");

    @TempDir
    Path folder;

    @Test
    void hostAndTimeAreSigned() throws Exception {
        Path key = key("");

        Matcher token = TOKEN.matcher(proof(key).token().reveal());

        assertTrue(token.matches());
        Path signers = folder.resolve("signers");
        Files.writeString(signers, "ann " + Files.readString(Path.of(key + ".pub")));
        Path signature = folder.resolve("signature");
        Files.writeString(
                signature,
                "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n"
                        .formatted(Base64.getMimeEncoder(70, new byte[] {'\n'})
                                .encodeToString(Base64.getDecoder().decode(token.group(1)))));
        List<String> verify = List.of(
                "-Y", "verify", "-n", "culvert", "-I", "ann", "-f", signers.toString(), "-s", signature.toString());
        assertEquals(0, keygen("culvert lane\nedge.example.com\n1764579600\n", verify));
        assertFalse(keygen("culvert lane\nedge.example.com\n1764579601\n", verify) == 0);
    }

    @Test
    void digitsAreTheSameInEachLanguage() throws Exception {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertTrue(TOKEN.matcher(proof(key("")).token().reveal()).matches());
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void edgeIsNamedAsItWasToldInLowerCase() throws Exception {
        Path key = key("");

        for (String each :
                List.of("https://Edge.Example.COM edge.example.com", "127.0.0.1:7070 127.0.0.1", "[::1]:7070 ::1")) {
            String[] pair = each.split(" ");
            String token = TokenSource.ofSshKey(key, EdgeAddress.parse(pair[0]))
                    .token()
                    .reveal();
            assertTrue(token.matches("sshsig:[0-9]{10}:%s:[A-Za-z0-9+/=]+".formatted(pair[1])), token);
        }
    }

    @Test
    void nextProofIsByTheSameKey() {
        assertFalse(proof(folder.resolve("key")).mayChange());
    }

    @Test
    void keyThatIsNotThereIsSaid() {
        Path key = folder.resolve("key");

        assertEquals("there is no file " + key, fault(proof(key)));
        assertEquals(folder + " is a folder, not a file", fault(proof(folder)));
    }

    @Test
    void passphraseIsAskedForAtNoTerminal() throws Exception {
        Path key = key("a secret");

        assertEquals(
                "%1$s has a passphrase, and nobody to ask for it: put the key into ssh-agent (ssh-add %1$s)"
                        .formatted(key),
                fault(proof(key)));
    }

    @Test
    void programIsToldToLeaveTheTerminalAlone() throws Exception {
        SshKeyProof proof = new SshKeyProof(
                List.of("/bin/sh", "-c", "echo \"askpass: $SSH_ASKPASS_REQUIRE\" >&2; exit 9"),
                key(""),
                "edge.example.com",
                CLOCK);

        assertEquals("ssh-keygen ended with exit code 9: askpass: force", fault(proof));
    }

    @Test
    void publicKeyOfAnUnknownPrivateOneIsSaid() throws Exception {
        Path key = key("");
        Files.delete(key);

        assertEquals(
                "ssh-agent has no private key for %s.pub: put it there (ssh-add), or name its own file".formatted(key),
                fault(proof(Path.of(key + ".pub"))));
    }

    @Test
    void whatIsNoKeyIsSaidInTheProgramsOwnWords() throws Exception {
        Path key = Files.writeString(folder.resolve("text"), "hello\n");

        String fault = fault(proof(key));

        assertTrue(fault.startsWith("ssh-keygen ended with exit code 255: "), fault);
    }

    @Test
    void missingProgramIsSaid() throws Exception {
        assertEquals(
                "there is no ssh-keygen on this machine's PATH: install OpenSSH's client (8.1 or later)",
                fault(new SshKeyProof(
                        List.of(folder.resolve("ssh-keygen").toString()), key(""), "edge.example.com", CLOCK)));
    }

    @Test
    void programThatPrintsSomethingElseIsSaid() throws Exception {
        Path key = key("");

        for (String printed : List.of("", "signed", "-----BEGIN SSH SIGNATURE-----\nAAAA")) {
            Path program = Files.writeString(folder.resolve("program"), "printf '%%s' '%s'\n".formatted(printed));
            assertEquals(
                    "ssh-keygen printed no signature",
                    fault(new SshKeyProof(List.of("/bin/sh", program.toString()), key, "edge.example.com", CLOCK)));
        }
    }

    private Path key(String passphrase) throws Exception {
        Path key = folder.resolve("key");
        assertEquals(0, keygen("", List.of("-q", "-t", "ed25519", "-N", passphrase, "-f", key.toString())));
        return key;
    }

    private static int keygen(String input, List<String> arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of("ssh-keygen"));
        line.addAll(arguments);
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        return process.waitFor();
    }

    /** As a user has it who has no ssh-agent. */
    private static SshKeyProof proof(Path key) {
        return new SshKeyProof(
                List.of("/usr/bin/env", "-u", "SSH_AUTH_SOCK", "-u", "SSH_ASKPASS", "ssh-keygen"),
                key,
                "edge.example.com",
                CLOCK);
    }

    private static String fault(TokenSource source) {
        return assertThrows(IOException.class, source::token).getMessage();
    }
}
