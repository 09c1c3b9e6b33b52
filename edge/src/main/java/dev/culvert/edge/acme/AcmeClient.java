package dev.culvert.edge.acme;

import dev.culvert.edge.tls.Pem;
import java.io.IOException;
import java.io.StringWriter;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.challenge.Dns01Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeServerException;

/** The authority's customer. Blocks, for seconds or minutes; for one thread. */
final class AcmeClient implements Orders.Authority {
    /** How long the authority may take to look at a proof, and to sign; most take seconds. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Session session;
    private final KeyPair account;
    private final @Nullable String email;
    private final @Nullable ExternalAccount external;
    private final @Nullable DomainByDns dns;
    private @Nullable Login login;

    /**
     * A customer.
     *
     * @param external what the account is bound to; null for nothing
     * @param dns what needs no proof by HTTP; null for nothing
     * @param trusted the authorities that sign the authority's own certificate; null for those that Java trusts
     */
    AcmeClient(
            AcmeOptions options,
            KeyPair account,
            @Nullable ExternalAccount external,
            @Nullable DomainByDns dns,
            @Nullable SSLContext trusted) {
        this.session = new Session(options.directory(), new HttpsProvider(trusted));
        this.account = account;
        this.email = options.email();
        this.external = external;
        this.dns = dns;
    }

    @Override
    public String order(String host, BiConsumer<String, String> proofs)
            throws AcmeException, InterruptedException, IOException {
        boolean known = login != null;
        try {
            return orderAs(login(), host, proofs);
        } catch (AcmeException e) {
            login = null;
            if (known && e instanceof AcmeServerException refusal && isOfAccount(refusal)) {
                return orderAs(login(), host, proofs);
            }
            throw e;
        }
    }

    /** The authority has forgotten the account, or does not want it any more: it may give another one. */
    private static boolean isOfAccount(AcmeServerException refusal) {
        String type = refusal.getType().toString();
        return type.endsWith(":accountDoesNotExist") || type.endsWith(":unauthorized");
    }

    private String orderAs(Login login, String host, BiConsumer<String, String> proofs)
            throws AcmeException, InterruptedException, IOException {
        Order order = login.newOrder().domain(host).create();
        for (Authorization authorization : order.getAuthorizations()) {
            if (authorization.getStatus() != Status.VALID) {
                prove(host, authorization, proofs);
            }
        }
        require(order.waitUntilReady(PATIENCE) == Status.READY, order.getError());
        KeyPair key = Pem.newKeys();
        order.execute(key);
        require(order.waitForCompletion(PATIENCE) == Status.VALID, order.getError());
        StringWriter pem = new StringWriter();
        order.getCertificate().writeCertificate(pem);
        return pem + Pem.of(key.getPrivate());
    }

    private void prove(String host, Authorization authorization, BiConsumer<String, String> proofs)
            throws AcmeException, InterruptedException {
        if (dns != null && dns.proves(host)) {
            proveByDns(authorization, dns.program());
            return;
        }
        Http01Challenge challenge = authorization
                .findChallenge(Http01Challenge.class)
                .orElseThrow(() -> new AcmeException("the authority takes no proof by HTTP (http-01)"));
        proofs.accept(challenge.getToken(), challenge.getAuthorization());
        require(challenge);
    }

    private static void proveByDns(Authorization authorization, DnsProgram program)
            throws AcmeException, InterruptedException {
        Dns01Challenge challenge = authorization
                .findChallenge(Dns01Challenge.class)
                .orElseThrow(() -> new AcmeException("the authority takes no proof by DNS (dns-01)"));
        String record = challenge.getRRName(authorization.getIdentifier());
        try {
            program.present(record, challenge.getDigest());
            require(challenge);
        } finally {
            program.cleanUp(record, challenge.getDigest());
        }
    }

    private static void require(Challenge challenge) throws AcmeException, InterruptedException {
        challenge.trigger();
        require(challenge.waitForCompletion(PATIENCE) == Status.VALID, challenge.getError());
    }

    private Login login() throws AcmeException {
        Login known = login;
        if (known != null) {
            return known;
        }
        AccountBuilder builder = new AccountBuilder().agreeToTermsOfService().useKeyPair(account);
        if (email != null) {
            builder.addEmail(email);
        }
        if (external != null) {
            builder.withKeyIdentifier(external.id(), external.key().reveal());
        }
        Login fresh = builder.createLogin(session);
        login = fresh;
        return fresh;
    }

    private static void require(boolean done, Optional<Problem> error) throws AcmeException {
        if (!done) {
            throw new AcmeException(error.map(Problem::toString)
                    .orElse("the authority gave no answer within " + PATIENCE.toSeconds() + " s"));
        }
    }
}
