package dev.culvert.edge.lanes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.config.PortRange;
import dev.culvert.config.Rate;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports for raw TCP, and names for TLS that ends at targets. */
class BinderTest {
    private static final Identity ANYBODY = new Identity("ann", "c", NamePatterns.ANY);
    private static final Claim CLAIM = new Claim("this-node", "lane", "instance");

    private final FakeRegistry registry = new FakeRegistry();
    private ReservedNames reserved = ReservedNames.NONE;
    private final Binder binder = binder(new PortRange(2200, 2209), false);

    @Test
    void portThatIsAskedForIsGiven() throws Exception {
        Tunnel tunnel = bind(tcp(2203), ANYBODY).tunnel();

        assertEquals(TunnelKey.ofPort(2203), tunnel.key());
        assertEquals("tcp", tunnel.kind());
        assertEquals("2203", binder.nameOf(tunnel.key()));
        assertEquals("tcp://example.com:2203", binder.urlOf(tunnel));
    }

    @Test
    void whoAsksForNoneGetsOneThatIsFree() throws Exception {
        Set<String> given = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            given.add(bind(tcp(0), ANYBODY).tunnel().key().name());
        }

        assertEquals(10, given.size(), "each of the ten once: " + given);
        NameRefusedException none = refusal(tcp(0), ANYBODY);
        assertEquals(Bound.Code.NAME_TAKEN, none.code());
        assertEquals("all ports of this edge, 2200-2209, are in use", none.getMessage());
    }

    @Test
    void portsAreNotGivenInTheirOrder() throws Exception {
        Set<String> first = new HashSet<>();
        // One in 10^19 that they are all the same.
        for (int i = 0; i < 20; i++) {
            TunnelKey key = bind(tcp(0), ANYBODY).tunnel().key();
            first.add(key.name());
            registry.giveUp(key, CLAIM).await(5, TimeUnit.SECONDS);
        }
        assertTrue(first.size() > 1, first.toString());
    }

    @Test
    void reservedPortIsNotFree() throws Exception {
        long later = System.currentTimeMillis() + 60_000;
        for (int port = 2200; port <= 2209; port++) {
            registry.know(new Tunnel(
                    TunnelKey.ofPort(port),
                    "bob",
                    0,
                    "tcp",
                    new Tunnel.Policy("preserve", "", 0, false, Admission.EVERYBODY),
                    Set.of(),
                    port == 2207 ? 1 : later));
        }

        assertEquals(TunnelKey.ofPort(2207), bind(tcp(0), ANYBODY).tunnel().key());
    }

    @Test
    void portOutsideTheRangeIsRefused() {
        NameRefusedException refused = refusal(tcp(22), ANYBODY);

        assertEquals(Bound.Code.NAME_INVALID, refused.code());
        assertEquals("port 22 is not one of this edge's, which are 2200-2209", refused.getMessage());
    }

    @Test
    void edgeWithoutPortsSaysWhatItLacks() {
        Binder without = binder(PortRange.OFF, true);

        NameRefusedException refused = refusal(without, tcp(2203), ANYBODY);

        assertEquals(Bound.Code.NOT_OFFERED, refused.code());
        assertTrue(String.valueOf(refused.getMessage()).contains("--tcp-ports"), refused.getMessage());
        assertEquals(Bound.Code.NOT_OFFERED, refusal(without, tcp(0), ANYBODY).code());
    }

    @Test
    void tokenSaysWhichPorts() throws Exception {
        Identity some = new Identity("ann", "c", NamePatterns.parse("shop,tcp:2204-2205"));
        Identity none = new Identity("ann", "c", NamePatterns.parse("shop-*"));

        assertEquals(Bound.Code.NOT_ALLOWED, refusal(tcp(2203), some).code());
        assertEquals(Bound.Code.NOT_ALLOWED, refusal(tcp(0), none).code());
        Set<String> given = new HashSet<>();
        given.add(bind(tcp(0), some).tunnel().key().name());
        given.add(bind(tcp(0), some).tunnel().key().name());
        assertEquals(Set.of("2204", "2205"), given);
        assertEquals(Bound.Code.NAME_TAKEN, refusal(tcp(0), some).code());
    }

    @ParameterizedTest
    @CsvSource({"shop, shop", "shop.example.com, shop", "shop, shop.example.com", "www.shop.example, www.shop.example"})
    void nameThatIsReservedIsForItsOwnersAlone(String listed, String asked) throws Exception {
        reserve(listed, "ann");
        Identity bob = new Identity("bob", "c", NamePatterns.parse("*,*.shop.example"));

        NameRefusedException refused = refusal(http(asked), bob);

        assertEquals(Bound.Code.NOT_ALLOWED, refused.code());
        assertEquals(
                "'%s' is reserved for another owner of this edge; ask for another name, or whoever runs the edge"
                        .formatted(asked),
                refused.getMessage());
        Identity ann = new Identity("ann", "c", NamePatterns.parse("*,*.shop.example"));
        assertEquals("ann", bind(http(asked), ann).tunnel().owner());
    }

    @Test
    void nameThatIsReservedLaterIsRefusedAtTheNextBind() throws Exception {
        Identity bob = new Identity("bob", "c", NamePatterns.ANY);
        bind(http("shop"), bob);

        reserve("shop", "ann");

        assertEquals(Bound.Code.NOT_ALLOWED, refusal(http("shop"), bob).code());
        assertEquals(
                "bob",
                registry.find(TunnelKey.ofHost("shop.example.com")).owner(),
                "what he has is not taken from him");
    }

    @Test
    void whoHasAReservedNameLiterallyGetsItToo() throws Exception {
        reserve("shop", "ann");

        Identity key = new Identity("key:1", "c", NamePatterns.parse("shop"));

        assertEquals("key:1", bind(http("shop"), key).tunnel().owner());
    }

    @Test
    void portThatIsReservedIsForItsOwnersAlone() throws Exception {
        reserve("tcp:2203", "ann");
        Identity bob = new Identity("bob", "c", NamePatterns.parse("tcp:2203-2204"));

        NameRefusedException refused = refusal(tcp(2203), bob);

        assertEquals(Bound.Code.NOT_ALLOWED, refused.code());
        assertEquals("port 2203 is reserved for another owner of this edge; ask whoever runs it", refused.getMessage());
        assertEquals("ann", bind(tcp(2203), ANYBODY).tunnel().owner());
    }

    @Test
    void portThatIsReservedIsNotChosenForAnotherOwner() throws Exception {
        reserved = new ReservedNames(Map.of("tcp:2203", Set.of("ann"), "tcp:2205", Set.of("ann")));
        Identity bob = new Identity("bob", "c", NamePatterns.parse("tcp:2203-2205"));

        assertEquals(TunnelKey.ofPort(2204), bind(tcp(0), bob).tunnel().key());
        NameRefusedException none = refusal(tcp(0), bob);
        assertEquals(Bound.Code.NAME_TAKEN, none.code());
        assertEquals(
                "all ports of this edge, 2200-2209, that your token or key allows are in use or reserved for other owners",
                none.getMessage());
    }

    @Test
    void whoseTokenAllowsPortsOfOthersAloneIsToldNotToWait() {
        reserve("tcp:2200", "ann");
        Identity bob = new Identity("bob", "c", NamePatterns.parse("tcp:2100-2200"));

        assertEquals(Bound.Code.NOT_ALLOWED, refusal(tcp(0), bob).code());
    }

    @Test
    void tlsNeedsADoorForIt() throws Exception {
        Bind asked = new Bind(
                1, "tls", "shop", 0, null, false, "preserve", "127.0.0.1:443", 0, Bind.Visitors.EVERYBODY, false);

        assertEquals(Bound.Code.NOT_OFFERED, refusal(asked, ANYBODY).code());

        Binder offering = binder(PortRange.OFF, true);
        Tunnel tunnel = offering.bind(asked, ANYBODY, CLAIM, key -> {})
                .await(5, TimeUnit.SECONDS)
                .tunnel();
        assertEquals(TunnelKey.ofHost("shop.example.com"), tunnel.key());
        assertEquals("tls", tunnel.kind());
        assertEquals("tls://shop.example.com", offering.urlOf(tunnel));
    }

    @Test
    void whoeverSpeaksHttpMayBeAskedForAPasswordAndWaitedFor() throws Exception {
        Bind.Visitors known = new Bind.Visitors(List.of(), List.of("0".repeat(64)), List.of(), false);
        Bind asked = new Bind(1, "http2", "shop", 0, null, false, "preserve", "", 1000, known, false);

        Tunnel tunnel = bind(asked, ANYBODY).tunnel();

        assertEquals("http2", tunnel.kind());
        assertTrue(tunnel.isHttp());
        assertTrue(tunnel.policy().admission().asksForPassword());
    }

    @Test
    void kindOfALaterVersionIsRefused() {
        Bind asked = new Bind(1, "udp", null, 0, null, false, "preserve", "", 0, Bind.Visitors.EVERYBODY, false);

        assertEquals(Bound.Code.NOT_OFFERED, refusal(asked, ANYBODY).code());
    }

    @Test
    void nameThatNobodyAskedForIsMadeUpAsTheTokenAllows() throws Exception {
        Identity mine = new Identity("ann", "c", NamePatterns.parse("mine-*"));

        String host = bind(http(null), mine).tunnel().key().name();

        assertTrue(host.matches("mine-[a-z]+-[a-z]+-[0-9a-z]{5}\\.example\\.com"), host);
    }

    @Test
    void whoMayNotHaveANameIsToldWhetherATokenWouldAllowIt() {
        Identity mine = new Identity("ann", "c", NamePatterns.parse("mine-*"));

        assertEquals(
                "your token or key does not allow the name 'shop', but mine-*; ask for one of these, or whoever runs the edge",
                refusal(http("shop"), mine).getMessage());
        assertEquals(
                "'shop.example.org' is not under example.com, and needs a token or key that allows it; ask whoever runs the edge",
                refusal(http("shop.example.org"), ANYBODY).getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http | 10.0.0.0/99 | | | whom to let in: must be networks like 10.0.0.0/8 or fd00::/8 with commas between them, found '10.0.0.0/99'",
                "http | | not a hash | | whom to let in: a password's hash has 64 hexadecimal digits",
                "tcp  | | 0000000000000000000000000000000000000000000000000000000000000000 | | only visitors of http tunnels can be asked for a password or a sign-in",
                "tcp  | | | * | only visitors of http tunnels can be asked for a password or a sign-in",
                "http | | | *.com | whom to let in: must be like ann@example.com, *@example.com, group:staff or * (all whom the provider knows), was \"*.com\"",
            })
    void whoCannotBeLetInIsRefused(String kind, String network, String hash, String person, String sentence) {
        Bind asked = new Bind(
                1,
                kind,
                null,
                0,
                null,
                false,
                "preserve",
                "",
                0,
                new Bind.Visitors(
                        Stream.ofNullable(network).toList(),
                        Stream.ofNullable(hash).toList(),
                        Stream.ofNullable(person).toList(),
                        false),
                false);

        NameRefusedException refused = refusal(asked, ANYBODY);

        assertEquals(Bound.Code.NOT_ALLOWED, refused.code());
        assertEquals(sentence, refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "http2", "tcp", "tls"})
    void tunnelOfAnyKindMaySayHowMuchItTakes(String kind) throws Exception {
        Registry.Grant grant = binder(PortRange.parse("2200-2209"), true)
                .bind(taking(kind, "50/s"), ANYBODY, CLAIM, key -> {})
                .await(5, TimeUnit.SECONDS);

        assertEquals(Rate.parse("50/s"), grant.tunnel().policy().rate());
    }

    @Test
    void whatIsNoRateIsRefused() {
        NameRefusedException refused = refusal(taking("http", "often"), ANYBODY);

        assertEquals(Bound.Code.NOT_ALLOWED, refused.code());
        assertEquals(
                "how many requests to take: often is not a rate: write a number and /s, /m or /h, like 600/m, or off",
                refused.getMessage());
    }

    private static Bind taking(String kind, String rate) {
        return new Bind(1, kind, null, 0, null, false, "preserve", "", 0, rate, Bind.Visitors.EVERYBODY, false);
    }

    @Test
    void restrictionThatIsNotKnownIsNotPassedOver() {
        Bind asked = new Bind(
                1,
                "http",
                null,
                0,
                null,
                false,
                "preserve",
                "",
                0,
                new Bind.Visitors(List.of("10.0.0.0/8"), List.of(), List.of(), false, List.of("countries")),
                false);

        NameRefusedException refused = refusal(asked, ANYBODY);

        assertEquals(Bound.Code.NOT_OFFERED, refused.code());
        assertEquals(
                "this edge is of an earlier release than the agent, and cannot restrict visitors by 'countries' as it asks; upgrade the edges first",
                refused.getMessage());
    }

    @Test
    void nobodyCanSignInWhereThereIsNoProvider() {
        Bind asked = new Bind(
                1,
                "http",
                null,
                0,
                null,
                false,
                "preserve",
                "",
                0,
                new Bind.Visitors(List.of(), List.of(), List.of("*@example.com"), false),
                false);

        NameRefusedException refused = refusal(asked, ANYBODY);

        assertEquals(Bound.Code.NOT_OFFERED, refused.code());
        assertTrue(refused.getMessage().contains("this edge has no identity provider"), refused::getMessage);
    }

    @Test
    void groupIsRefusedWhereTheProviderNamesNone() throws Exception {
        Bind asked = new Bind(
                1,
                "http",
                "app",
                0,
                null,
                false,
                "preserve",
                "",
                0,
                new Bind.Visitors(List.of(), List.of(), List.of("group:staff"), false),
                false);

        NameRefusedException refused = refusal(signingIn(false), asked, ANYBODY);

        assertEquals(Bound.Code.NOT_OFFERED, refused.code());
        assertTrue(refused.getMessage().contains("groups: in the file of --sign-in"), refused::getMessage);
        assertEquals(
                TunnelKey.ofHost("app.example.com"),
                signingIn(true)
                        .bind(asked, ANYBODY, CLAIM, key -> {})
                        .await(5, TimeUnit.SECONDS)
                        .tunnel()
                        .key());
    }

    private void reserve(String name, String owner) {
        reserved = new ReservedNames(Map.of(name, Set.of(owner)));
    }

    private Binder signingIn(boolean groups) {
        return new Binder(
                registry,
                new Offer("example.com", PortRange.OFF, false, true, groups, (kind, host) -> kind + "://" + host),
                () -> reserved);
    }

    private static Bind http(String name) {
        return new Bind(
                1, "http", name, 0, null, false, "preserve", "127.0.0.1:3000", 0, Bind.Visitors.EVERYBODY, false);
    }

    private Binder binder(PortRange ports, boolean tls) {
        return new Binder(
                registry,
                new Offer("example.com", ports, tls, false, false, (kind, host) -> kind + "://" + host),
                () -> reserved);
    }

    private static Bind tcp(int port) {
        return new Bind(
                1, "tcp", null, port, null, false, "preserve", "127.0.0.1:22", 0, Bind.Visitors.EVERYBODY, false);
    }

    private Registry.Grant bind(Bind asked, Identity identity) throws Exception {
        return binder.bind(asked, identity, CLAIM, key -> {}).await(5, TimeUnit.SECONDS);
    }

    private NameRefusedException refusal(Bind asked, Identity identity) {
        return refusal(binder, asked, identity);
    }

    private static NameRefusedException refusal(Binder binder, Bind asked, Identity identity) {
        return assertThrows(NameRefusedException.class, () -> binder.bind(asked, identity, CLAIM, key -> {})
                .await(5, TimeUnit.SECONDS));
    }
}
