package dev.culvert.edge.signin;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AuthorizationCode;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.OAuth2Error;
import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.http.ReadOnlyHTTPRequest;
import com.nimbusds.oauth2.sdk.http.ReadOnlyHTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.ClaimsSet;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import dev.culvert.admission.People;
import dev.culvert.admission.Person;
import dev.culvert.edge.issuers.Documents;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The identity provider, as its client: the code flow of OpenID Connect Core 1.0 (3.1) with PKCE (RFC 7636). Safe for use by
 * any thread, and blocks it.
 */
final class OpenIdProvider {
    /** For one answer of the provider's: people look at a page that loads meanwhile. */
    private static final Duration WITHIN = Duration.ofSeconds(5);

    private static final Logger LOGGER = LoggerFactory.getLogger(OpenIdProvider.class);

    private static final String VERIFIED = "email_verified";

    private final ProviderFile options;
    private final Documents documents;
    private final Discovery discovery;

    /**
     * What ties the answer of the provider to a question of ours.
     *
     * @param state comes back with the answer
     * @param nonce comes back in the token
     * @param verifier shows with the code that it was asked for by us (RFC 7636, 4.1)
     */
    record Bond(String state, String nonce, String verifier) {}

    /**
     * Asks nothing yet: a provider that is away for a moment must not keep an edge from starting.
     *
     * @param again how long after it was away it is asked again what it is; {@link Discovery#AGAIN} in production
     */
    OpenIdProvider(ProviderFile options, Duration again) {
        this.options = options;
        this.documents = new Documents(options.ca());
        this.discovery = new Discovery(options, documents, WITHIN, again);
    }

    /**
     * Where a visitor goes to sign in.
     *
     * @param back where the provider sends it afterwards
     * @param prompt what the provider is to ask it, even where it knows the answer (OpenID Connect Core 1.0, 3.1.2.1); null to
     *     leave that to it
     */
    URI question(Bond bond, URI back, Prompt.@Nullable Type prompt) throws SignInException {
        AuthenticationRequest.Builder question = new AuthenticationRequest.Builder(
                        ResponseType.CODE,
                        new Scope(options.scopes().toArray(String[]::new)),
                        new ClientID(options.clientId()),
                        back)
                .endpointURI(discovery.known().metadata().getAuthorizationEndpointURI())
                .state(new State(bond.state()))
                .nonce(new Nonce(bond.nonce()))
                .codeChallenge(new CodeVerifier(bond.verifier()), CodeChallengeMethod.S256);
        if (prompt != null) {
            question.prompt(prompt);
        }
        return question.build().toURI();
    }

    /** Who has signed in, by the code that its browser has brought back. */
    Person who(String code, Bond bond, URI back) throws SignInException {
        Discovery.Known provider = discovery.known();
        try {
            OIDCTokenResponse tokens = tokens(provider.metadata(), code, bond, back);
            JWT proof = tokens.getOIDCTokens().getIDToken();
            if (proof == null) {
                throw told(
                        SignInException.away("it gives no ID token; is openid among the scopes that it grants?", null));
            }
            ClaimsSet claims = provider.tokens().validate(proof, new Nonce(bond.nonce()));
            String meantFor = claims.getStringClaim("azp");
            if (meantFor != null && !meantFor.equals(options.clientId())) { // OpenID Connect Core 1.0, 3.1.3.7.
                throw told(SignInException.refused("its token is for another client (azp)", null));
            }
            String subject = Objects.requireNonNull(claims.getStringClaim("sub"));
            String who = claims.getStringClaim(options.who());
            URI more = provider.metadata().getUserInfoEndpointURI();
            ClaimsSet ofGroups = claims;
            boolean saysWho = who != null && (!isByEmail() || claims.getClaim(VERIFIED) != null);
            boolean saysGroups = options.groups() == null || claims.getClaim(options.groups()) != null;
            if (!(saysWho && saysGroups) && more != null) {
                ClaimsSet info = userInfo(more, tokens.getOIDCTokens().getAccessToken(), subject);
                ofGroups = saysGroups ? claims : info;
                claims = saysWho ? claims : info;
                who = claims.getStringClaim(options.who());
            }
            return new Person(checked(who, claims), groups(ofGroups));
        } catch (RateLimitReachedException e) {
            throw told(
                    SignInException.away("its keys were asked for a moment ago, and will be again in some seconds", e));
        } catch (KeySourceException e) {
            throw told(SignInException.away("its keys are not to be had (%s)".formatted(e.getMessage()), e));
        } catch (BadJOSEException | JOSEException e) {
            throw told(SignInException.refused("its token does not count (%s)".formatted(e.getMessage()), e));
        } catch (IOException e) {
            throw told(SignInException.away(String.valueOf(e.getMessage()), e));
        } catch (ParseException | RuntimeException e) { // The library has the latter for some answers.
            throw told(SignInException.away("its answer makes no sense (%s)".formatted(e.getMessage()), e));
        }
    }

    /** Whose fault it is may be the operator's to find out. */
    private SignInException told(SignInException fault) {
        LOGGER.atWarn()
                .addKeyValue("issuer", options.issuer())
                .addKeyValue("fault", fault.getMessage())
                .log("a visitor could not sign in");
        return fault;
    }

    private OIDCTokenResponse tokens(OIDCProviderMetadata metadata, String code, Bond bond, URI back)
            throws IOException, ParseException, SignInException {
        TokenRequest request = new TokenRequest.Builder(
                        metadata.getTokenEndpointURI(),
                        proofOfUs(metadata),
                        new AuthorizationCodeGrant(
                                new AuthorizationCode(code), back, new CodeVerifier(bond.verifier())))
                .build();
        TokenResponse response = OIDCTokenResponseParser.parse(send(request.toHTTPRequest()));
        if (response.indicatesSuccess()) {
            return (OIDCTokenResponse) response.toSuccessResponse();
        }
        ErrorObject error = response.toErrorResponse().getErrorObject();
        if (OAuth2Error.INVALID_GRANT.getCode().equals(error.getCode())) {
            throw SignInException.refused("it does not take the code, which counts once and not for long", null);
        }
        throw told(SignInException.away(
                "it changes no code for a token (status %d, %s)".formatted(error.getHTTPStatusCode(), error.getCode()),
                null));
    }

    /** By a header where the provider says nothing of it (OpenID Connect Discovery 1.0, 3). */
    private ClientAuthentication proofOfUs(OIDCProviderMetadata metadata) {
        ClientID id = new ClientID(options.clientId());
        Secret secret = new Secret(options.clientSecret().reveal());
        List<ClientAuthenticationMethod> ways = metadata.getTokenEndpointAuthMethods();
        boolean byHeader = ways == null || ways.contains(ClientAuthenticationMethod.CLIENT_SECRET_BASIC);
        return byHeader ? new ClientSecretBasic(id, secret) : new ClientSecretPost(id, secret);
    }

    private ClaimsSet userInfo(URI place, AccessToken token, String subject)
            throws IOException, ParseException, SignInException {
        UserInfoResponse response = UserInfoResponse.parse(send(new UserInfoRequest(place, token).toHTTPRequest()));
        if (!response.indicatesSuccess() || response.toSuccessResponse().getUserInfo() == null) {
            throw told(SignInException.away("it does not say who somebody is, where it should (userinfo)", null));
        }
        ClaimsSet claims = response.toSuccessResponse().getUserInfo();
        if (!subject.equals(claims.getStringClaim("sub"))) { // OpenID Connect Core 1.0, 5.3.2.
            throw SignInException.refused("it speaks of two people at once", null);
        }
        return claims;
    }

    private String checked(@Nullable String who, ClaimsSet claims) throws SignInException {
        if (who != null && who.length() > People.MOST_CHARS) {
            throw SignInException.refused("it has a name of %d characters".formatted(who.length()), null);
        } else if (who == null || who.isBlank()) {
            throw SignInException.refused("it does not say the %s of who has signed in".formatted(options.who()), null);
        }
        boolean verified =
                Boolean.TRUE.equals(claims.getBooleanClaim(VERIFIED)) || "true".equals(claims.getStringClaim(VERIFIED));
        if (isByEmail() && !verified) {
            throw SignInException.refused("it does not say that %s is a verified address".formatted(who), null);
        }
        return who;
    }

    /** A list, or the one; what is no text names no group. */
    private Set<String> groups(ClaimsSet claims) {
        Object said = options.groups() == null ? null : claims.getClaim(options.groups());
        List<?> all = said instanceof List<?> list ? list : said == null ? List.of() : List.of(said);
        return all.stream()
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .collect(Collectors.toSet());
    }

    private boolean isByEmail() {
        return options.who().equals(ProviderFile.EMAIL);
    }

    /** Whether a {@link #question} waits for nobody. */
    boolean isKnown() {
        return discovery.isFresh();
    }

    private HTTPResponse send(HTTPRequest request) throws IOException {
        return request.send(this::send);
    }

    private ReadOnlyHTTPResponse send(ReadOnlyHTTPRequest asked) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(asked.getURI());
        asked.getHeaderMap().forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        String body = asked.getBody();
        request.method(
                asked.getMethod().name(),
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        HttpResponse<byte[]> answer = documents.send(request.build(), WITHIN);
        HTTPResponse response = new HTTPResponse(answer.statusCode());
        answer.headers().map().forEach((name, values) -> response.setHeader(name, values.toArray(String[]::new)));
        response.setBody(new String(answer.body(), StandardCharsets.UTF_8));
        return response;
    }
}
