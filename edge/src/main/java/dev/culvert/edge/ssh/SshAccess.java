package dev.culvert.edge.ssh;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.TokenFileAuthenticator;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.UserAuthFactory;
import org.apache.sshd.server.auth.keyboard.InteractiveChallenge;
import org.apache.sshd.server.auth.keyboard.KeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/**
 * By what clients know the edge, and the edge its clients: their keys, where the operator has a list; their tokens, as
 * passwords, where agents have some; and where there is neither, anybody.
 */
public final class SshAccess {
    private final KeyPair hostKey;
    private final @Nullable KeyList keys;
    private final @Nullable TokenFileAuthenticator tokens;

    private SshAccess(KeyPair hostKey, @Nullable KeyList keys, @Nullable TokenFileAuthenticator tokens) {
        this.hostKey = hostKey;
        this.keys = keys;
        this.tokens = tokens;
    }

    /**
     * Reads the files, and keeps watching that of the clients' keys until it is {@linkplain #close closed}.
     *
     * @param hostKeyFile null for a key that is made up
     * @param keyFile null where there is no list of keys
     * @param tokens null where agents have none
     * @return fails with {@link dev.culvert.config.ConfigException}
     */
    public static Future<SshAccess> read(
            Vertx vertx, @Nullable Path hostKeyFile, @Nullable Path keyFile, @Nullable TokenFileAuthenticator tokens) {
        return vertx.executeBlocking(() -> HostKey.read(hostKeyFile), false).compose(hostKey -> {
            if (keyFile == null) {
                return Future.succeededFuture(new SshAccess(hostKey, null, tokens));
            }
            return KeyList.start(vertx, new KeyFile("--ssh-keys", keyFile), WatchedFile.INTERVAL)
                    .map(keys -> new SshAccess(hostKey, keys, tokens));
        });
    }

    /** Watches no more. */
    public void close() {
        if (keys != null) {
            keys.close();
        }
    }

    /** Calls the listener, on any thread, with each client whose key or token has been withdrawn. */
    void onRevoked(Consumer<Identity> listener) {
        if (keys != null) {
            keys.onRevoked(listener);
        }
        if (tokens != null) {
            tokens.onRevoked(listener);
        }
    }

    /** Puts it in force. */
    void apply(SshServer server) {
        server.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
        List<UserAuthFactory> methods = new ArrayList<>();
        if (keys != null || tokens == null) {
            server.setPublickeyAuthenticator((user, key, session) -> accept(session, ofKey(key)));
            methods.add(UserAuthPublicKeyFactory.INSTANCE);
        }
        if (tokens != null) {
            server.setPasswordAuthenticator((user, password, session) -> accept(session, ofToken(password)));
            methods.add(UserAuthPasswordFactory.INSTANCE);
        }
        if (keys == null && tokens == null) {
            server.setKeyboardInteractiveAuthenticator(new NoQuestions());
            methods.add(UserAuthKeyboardInteractiveFactory.INSTANCE);
        }
        server.setUserAuthFactories(methods);
    }

    /** The last one that was accepted is the one that counts: MINA asks again before it checks a signature. */
    private static boolean accept(ServerSession session, @Nullable Login login) {
        if (login == null) {
            return false;
        }
        session.setAttribute(Login.KEY, login);
        return true;
    }

    private @Nullable Login ofKey(PublicKey key) {
        if (key instanceof OpenSshCertificate) {
            return null; // Who has signed it is not known here.
        }
        String fingerprint = KeyUtils.getFingerPrint(key);
        if (keys == null) {
            return new Login(new KeyLine(fingerprint, KeyLine.ownerOf(fingerprint), NamePatterns.ANY).identity(), true);
        }
        Identity identity = keys.identityOf(fingerprint);
        return identity == null ? null : new Login(identity, true);
    }

    private @Nullable Login ofToken(String token) {
        Identity identity = tokens == null ? null : tokens.identityOf(token);
        return identity == null ? null : new Login(identity, true);
    }

    /**
     * Lets in who has no key. Clients try that after their keys, and see nothing of it; the method {@code none} they try
     * first, and would then never show the key by which they are known again.
     */
    private static final class NoQuestions implements KeyboardInteractiveAuthenticator {
        @Override
        public InteractiveChallenge generateChallenge(
                ServerSession session, String user, String language, String methods) {
            return new InteractiveChallenge();
        }

        @Override
        public boolean authenticate(ServerSession session, String user, List<String> answers) {
            String owner = "ssh:" + UUID.randomUUID();
            return accept(session, new Login(new Identity(owner, owner, NamePatterns.ANY), false));
        }
    }
}
