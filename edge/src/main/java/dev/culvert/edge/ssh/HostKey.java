package dev.culvert.edge.ssh;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.Iterator;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.jspecify.annotations.Nullable;

/** By what clients know the edge again. */
final class HostKey {
    private static final int CURVE_BITS = 256;

    private HostKey() {}

    /** The one in the file, or a new one where there is none. Blocks. */
    static KeyPair read(@Nullable Path file) {
        try {
            return file == null ? KeyUtils.generateKeyPair(KeyPairProvider.ECDSA_SHA2_NISTP256, CURVE_BITS) : of(file);
        } catch (IOException e) {
            throw new ConfigException("--ssh-host-key: " + FileFaults.sentence(file == null ? Path.of("") : file, e));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new ConfigException("--ssh-host-key: " + notAKey(file));
        }
    }

    private static KeyPair of(Path file) throws IOException, GeneralSecurityException {
        byte[] text = SmallFile.bytes(file, SmallFile.LARGEST_BYTES);
        Iterable<KeyPair> keys = SecurityUtils.loadKeyPairIdentities(
                null,
                NamedResource.ofName(file.toString()),
                new ByteArrayInputStream(text),
                FilePasswordProvider.EMPTY);
        Iterator<KeyPair> found = keys == null ? null : keys.iterator();
        if (found == null || !found.hasNext()) {
            throw new ConfigException("--ssh-host-key: " + notAKey(file));
        }
        return found.next();
    }

    private static String notAKey(@Nullable Path file) {
        return "%s is not a private key without a passphrase, like ssh-keygen -t ed25519 -N '' -f FILE writes one"
                .formatted(file);
    }
}
