package dev.culvert.edge;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.TokenFile;
import dev.culvert.edge.access.TokenFileAuthenticator;
import dev.culvert.edge.access.TokensByShape;
import dev.culvert.edge.access.jwt.JwtAuthenticator;
import dev.culvert.edge.ssh.KeyAuthenticator;
import dev.culvert.edge.ssh.SshAccess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
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
     * @param withoutTokens who decides where there are none for agents
     */
    static Future<AgentAccess> read(Vertx vertx, EdgeOptions options, Authenticator withoutTokens, Started started) {
        return readTokens(vertx, options.access().tokens(), started)
                .compose(tokens -> readSsh(vertx, options.ssh(), tokens, started)
                        .compose(ssh -> readIssuers(vertx, options.access().issuers(), started)
                                .compose(jwts -> readKeys(vertx, options, started)
                                        .map(keys -> new AgentAccess(any(tokens, jwts, keys, withoutTokens), ssh)))));
    }

    /** Each of them that there is; the first of these decides about what is not another's. */
    private static Authenticator any(
            @Nullable TokenFileAuthenticator tokens,
            @Nullable JwtAuthenticator jwts,
            @Nullable KeyAuthenticator keys,
            Authenticator withoutTokens) {
        Authenticator any = tokens;
        if (jwts != null) {
            any = any == null ? jwts : new TokensByShape(JwtAuthenticator::isJwt, jwts, any);
        }
        if (keys != null) {
            any = any == null ? keys : new TokensByShape(KeyAuthenticator::isProof, keys, any);
        }
        return any == null ? withoutTokens : any;
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

    private static Future<@Nullable KeyAuthenticator> readKeys(Vertx vertx, EdgeOptions options, Started started) {
        Path file = options.access().agentKeys();
        return file == null
                ? Future.succeededFuture()
                : KeyAuthenticator.start(vertx, file, hosts(options), WatchedFile.INTERVAL, Clock.systemUTC())
                        .map(keys -> started.addAtOnce(keys, KeyAuthenticator::close));
    }

    /** By what agents name the edge. Where others come in too, {@code localhost} is for the agent another machine than this. */
    static List<String> hosts(EdgeOptions options) {
        List<String> hosts = new ArrayList<>(List.of(options.domain()));
        if (EdgeRules.lettingIn(options.bind(), options.publicUrl(), options.trustedProxies()) == null) {
            hosts.addAll(List.of("localhost", "127.0.0.1", "::1"));
        }
        return hosts;
    }
}
