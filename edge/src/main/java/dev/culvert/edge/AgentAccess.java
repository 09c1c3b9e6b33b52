package dev.culvert.edge;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.TokenFile;
import dev.culvert.edge.access.TokenFileAuthenticator;
import dev.culvert.edge.access.jwt.JwtAuthenticator;
import dev.culvert.edge.access.jwt.TokensByShape;
import dev.culvert.edge.ssh.SshAccess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Who may have tunnels here.
 *
 * @param agents says who an agent is
 * @param ssh says who a plain SSH client is; null where none are taken
 */
record AgentAccess(Authenticator agents, @Nullable SshAccess ssh) {

    /**
     * Reads the files of tokens, keys and issuers, and looks from then on whether they change.
     *
     * @param withoutTokens who decides where there are neither tokens nor issuers
     */
    static Future<AgentAccess> read(Vertx vertx, EdgeOptions options, Authenticator withoutTokens, Started started) {
        return readTokens(vertx, options.access().tokens(), started)
                .compose(tokens -> readSsh(vertx, options.ssh(), tokens, started)
                        .compose(ssh -> readIssuers(vertx, options.access().issuers(), started)
                                .map(jwts -> new AgentAccess(either(tokens, jwts, withoutTokens), ssh))));
    }

    private static Authenticator either(
            @Nullable TokenFileAuthenticator tokens, @Nullable JwtAuthenticator jwts, Authenticator withoutTokens) {
        if (jwts == null) {
            return tokens == null ? withoutTokens : tokens;
        }
        return tokens == null ? jwts : new TokensByShape(jwts, tokens);
    }

    private static Future<@Nullable TokenFileAuthenticator> readTokens(
            Vertx vertx, @Nullable Path file, Started started) {
        return file == null
                ? Future.succeededFuture()
                : TokenFileAuthenticator.start(vertx, new TokenFile(file), WatchedFile.INTERVAL)
                        .map(tokens -> started.addAtOnce(tokens, TokenFileAuthenticator::close));
    }

    private static Future<@Nullable SshAccess> readSsh(
            Vertx vertx, EdgeOptions.Ssh ssh, @Nullable TokenFileAuthenticator tokens, Started started) {
        return ssh.port().isOn()
                ? SshAccess.read(vertx, ssh.hostKey(), ssh.keys(), tokens)
                        .map(access -> started.addAtOnce(access, SshAccess::close))
                : Future.succeededFuture();
    }

    private static Future<@Nullable JwtAuthenticator> readIssuers(Vertx vertx, @Nullable Path file, Started started) {
        return file == null
                ? Future.succeededFuture()
                : JwtAuthenticator.start(vertx, file, WatchedFile.INTERVAL)
                        .map(jwts -> started.addAtOnce(jwts, JwtAuthenticator::close));
    }
}
