package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.hazelcast.config.SerializationConfig;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.internal.serialization.impl.HeapData;
import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.config.Rate;
import dev.culvert.testkit.PromisedBytes;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The bytes of what is in the cluster's memory and goes between its nodes: those of the release before this one keep the same
 * entries. What to do when one of these is red is in {@link PromisedBytes#WHAT_TO_DO}.
 */
class RegistryBytesTest {
    private static final InternalSerializationService SERIALIZATION = new DefaultSerializationServiceBuilder()
            .setConfig(
                    new SerializationConfig().addDataSerializableFactory(RegistryTypes.FACTORY_ID, new RegistryTypes()))
            .build();

    private static final long NOW = 1_750_000_000_000L;

    /** Before each object of ours; its class follows. */
    private static final String IDENTIFIED = """
            ff ff ff fe                 ; Hazelcast's: its factory and class follow
            01                          ; Hazelcast's: in numbers
            00 43 55 4c                 ; factory: "CUL"
            """;

    /** Before all that goes into the map or to a node. */
    private static final String MESSAGE = """
            00 00 00 00                 ; Hazelcast's: nothing is said of a partition
            """ + IDENTIFIED;

    private static final Claim CLAIM = new Claim("node-1", "lane-1", "agent-1");
    private static final String CLAIM_BYTES = """
            00 00 00 1f                 ; i32, bytes of the claim: 31
              00 00 00 06 'node-1'      ; node
              00 00 00 06 'lane-1'      ; lane
              00 00 00 07 'agent-1'     ; agent
            """;

    private static final String OPEN_BYTES = """
            00 00 00 34                 ; i32, bytes of the policy: 52
              00 00 00 00               ; i32, ways in which it restricts visitors
              00 00 00 08 'preserve'    ; host header
              00 00 00 0e '127.0.0.1:3000'  ; target
              00                        ; for one agent alone
              00 00 00 00               ; i32, response timeout: none
              00 00 00 00               ; i32, networks
              00 00 00 00               ; i32, passwords
              00 00 00 00               ; i32, people
              00                        ; preflights are not let in
            """;

    private static final Tunnel.Policy GUARDED = new Tunnel.Policy(
            "rewrite",
            "127.0.0.1:3000",
            30_000,
            true,
            Admission.of(
                    List.of("10.0.0.0/8", "192.0.2.1"),
                    List.of(Password.parse("ann:long enough").hash()),
                    List.of("*@example.com", "group:staff"),
                    true));
    private static final String GUARDED_BYTES = """
            00 00 00 d6                 ; i32, bytes of the policy: 214
              00 00 00 03               ; i32, ways in which it restricts visitors: who does not know one lets nobody in
                00 00 00 09 'allowFrom'
                00 00 00 09 'passwords'
                00 00 00 06 'people'
              00 00 00 07 'rewrite'     ; host header
              00 00 00 0e '127.0.0.1:3000'  ; target
              01                        ; for a pool of agents
              00 00 75 30               ; i32, response timeout, ms
              00 00 00 02               ; i32, networks
                00 00 00 0a '10.0.0.0/8'
                00 00 00 09 '192.0.2.1'
              00 00 00 01               ; i32, passwords: SHA-256 of ann:long enough
                00 00 00 40 '82f31133105d995e928e839ca7cda77368865072ed2c567879e7d02ca07aba5b'
              00 00 00 02               ; i32, people
                00 00 00 0d '*@example.com'
                00 00 00 0b 'group:staff'
              01                        ; preflights are let in
            """;

    private static final StoredTunnel SHOP =
            new StoredTunnel(new Tunnel(host("shop"), "ann", NOW, "http", GUARDED, Set.of(CLAIM), 0), 42);
    private static final String SHOP_BYTES = """
            00 00 00 01                 ; class: a tunnel
            01                          ; version
            00 00 01 44                 ; i32, bytes of the body: 324
              00 00 00 18 'host:shop.tunnel.example'
              00 00 00 03 'ann'         ; owner
              00 00 01 97 74 20 dc 00   ; owned since, ms since 1970
              00 00 00 04 'http'        ; kind
              %s
              00 00 00 00 00 00 00 00   ; i64, reserved until: not while it is served
              00 00 00 00 00 00 00 2a   ; i64, revision
              00 00 00 01               ; i32, claims
              %s
            """.formatted(GUARDED_BYTES, CLAIM_BYTES);

    private static final StoredTunnel PORT = new StoredTunnel(
            new Tunnel(TunnelKey.ofPort(2222), "anonymous:0123", NOW, "tcp", ALONE, Set.of(), NOW + 60_000), 7);
    private static final String PORT_BYTES = """
            00 00 00 01                 ; class: a tunnel
            01                          ; version
            00 00 00 79                 ; i32, bytes of the body: 121
              00 00 00 08 'tcp:2222'
              00 00 00 0e 'anonymous:0123'  ; owner
              00 00 01 97 74 20 dc 00   ; owned since, ms since 1970
              00 00 00 03 'tcp'         ; kind
              %s
              00 00 01 97 74 21 c6 60   ; reserved until, ms since 1970
              00 00 00 00 00 00 00 07   ; i64, revision
              00 00 00 00               ; i32, claims
            """.formatted(OPEN_BYTES);

    @Test
    void entryOfTheMapIsATunnelBehindItsLength() {
        promised(SHOP, MESSAGE + SHOP_BYTES).areRead(SHOP, read(MESSAGE + SHOP_BYTES));
        promised(PORT, MESSAGE + PORT_BYTES).areRead(PORT, read(MESSAGE + PORT_BYTES));
    }

    /** They are a set: those of two nodes stand in any order. */
    @Test
    void claimsFollowEachOther() throws IOException {
        PromisedBytes bytes = PromisedBytes.of("""
                00 00 00 08 'tcp:2222' 00 00 00 03 'ann' 00 00 00 00 00 00 00 01 00 00 00 03 'tcp'
                %s
                00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02
                00 00 00 02             ; i32, claims
                %s
                00 00 00 0f             ; i32, bytes of the claim: 15
                  00 00 00 01 'n'       ; node
                  00 00 00 01 'l'       ; lane
                  00 00 00 01 'i'       ; agent
                """.formatted(OPEN_BYTES, CLAIM_BYTES));
        Set<Claim> claims = Set.of(CLAIM, new Claim("n", "l", "i"));
        StoredTunnel stored =
                new StoredTunnel(new Tunnel(TunnelKey.ofPort(2222), "ann", 1, "tcp", ALONE, claims, 0), 2);
        bytes.areRead(stored, TunnelCodec.decode(bytes.bytes()));
    }

    /** Where a tunnel takes as much as comes, there is nothing. */
    @Test
    void rateStandsBehindTheRestOfAPolicy() throws IOException {
        PromisedBytes bytes = PromisedBytes.of("""
                00 00 00 00               ; i32, ways in which it restricts visitors: this is none
                00 00 00 08 'preserve'    ; host header
                00 00 00 0e '127.0.0.1:3000'  ; target
                00                        ; for one agent alone
                00 00 00 00               ; i32, response timeout: none
                00 00 00 00               ; i32, networks
                00 00 00 00               ; i32, passwords
                00 00 00 00               ; i32, people
                00                        ; preflights are not let in
                00 00 00 05 '600/m'       ; rate
                """);
        Tunnel.Policy policy = new Tunnel.Policy(
                "preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY, Rate.parse("600/m"), UnreadPolicy.NOTHING);
        bytes.areWritten(TunnelCodec.encode(policy));
        bytes.areRead(policy, TunnelCodec.decodePolicy(bytes.bytes()));
    }

    @Test
    void newsOfATunnel() {
        promised(new News(PORT), MESSAGE + """
                00 00 00 0a             ; class: news
                01                      ; version
                """ + IDENTIFIED + PORT_BYTES);
    }

    /** Nothing is ever added to it ({@code docs/decisions/0015}): Hazelcast writes on right behind it. */
    @Test
    void storeIsWhatBackupsGet() {
        promised(new Store(PORT), MESSAGE + """
                00 00 00 08             ; class: store
                01                      ; version
                """ + IDENTIFIED + PORT_BYTES);
        promised(new Store(null), MESSAGE + """
                00 00 00 08             ; class: store
                01                      ; version
                00 00 00 00             ; Hazelcast's: nothing, the entry is removed
                """);
    }

    @Test
    void outcomeIsAVerdictAndTheEntry() {
        promised(new Outcome(Outcome.Verdict.OTHER_ADMISSION, PORT), MESSAGE + """
                00 00 00 02             ; class: outcome
                01                      ; version
                04                      ; verdict: lets in other visitors
                """ + IDENTIFIED + PORT_BYTES);
        promised(Outcome.done(null), MESSAGE + """
                00 00 00 02             ; class: outcome
                01                      ; version
                00                      ; verdict: done
                00 00 00 00             ; Hazelcast's: nothing
                """);
    }

    @Test
    void verdictsHaveNumbers() {
        assertEquals(
                "0 DONE, 1 TAKEN, 2 NOT_POOLED, 3 OTHER_KIND, 4 OTHER_ADMISSION, 5 FULL, 6 GIVEN_BACK, -1 UNKNOWN",
                Arrays.stream(Outcome.Verdict.values())
                        .map(verdict -> "%d %s".formatted(verdict.code, verdict))
                        .collect(Collectors.joining(", ")),
                WHAT_TO_DO);
        for (Outcome.Verdict verdict : Outcome.Verdict.values()) {
            assertEquals(verdict, Outcome.Verdict.of(verdict.code), WHAT_TO_DO);
        }
    }

    @Test
    void bindBringsAllThatItDecidesOn() {
        Registry.Request request = new Registry.Request(host("shop"), "ann", "http", GUARDED, CLAIM, null, true);
        BindChange bind = new BindChange(request, NOW, NOW - 5_000, Set.of("node-7"))
                .against(new Ownership("björn", NOW - 4_000));
        promised(bind, MESSAGE + """
                00 00 00 03             ; class: bind
                01                      ; version
                %s
                00 00 00 03 'ann'       ; owner
                00 00 00 04 'http'      ; kind
                %s
                01                      ; changes whom to let in
                00 00 01 97 74 20 dc 00 ; now, ms since 1970
                00 00 01 97 74 20 c8 78 ; since when a ticket says that it is the owner's
                00 00 00 01             ; i32, nodes that have left
                  00 00 00 06 'node-7'
                00                      ; not asserted again
                00 00 00 06 'björn'     ; against this owner's,
                00 00 01 97 74 20 cc 60 ; who has it since then
                """.formatted(CLAIM_BYTES, GUARDED_BYTES));
    }

    @Test
    void bindThatAssertsAClaimAgain() {
        Registry.Request request = new Registry.Request(host("shop"), "ann", "http", ALONE, CLAIM, null, false);
        promised(
                BindChange.assertedAgain(request, NOW, BindChange.UNPROVEN, Set.of()),
                MESSAGE + """
                00 00 00 03             ; class: bind
                01                      ; version
                %s
                00 00 00 03 'ann'       ; owner
                00 00 00 04 'http'      ; kind
                %s
                00                      ; changes nothing of whom to let in
                00 00 01 97 74 20 dc 00 ; now, ms since 1970
                7f ff ff ff ff ff ff ff ; no ticket
                00 00 00 00             ; i32, nodes that have left
                01                      ; asserted again
                ff ff ff ff             ; Hazelcast's: no text, against nobody
                00 00 00 00 00 00 00 00
                """.formatted(CLAIM_BYTES, OPEN_BYTES));
    }

    @Test
    void releaseTakesAClaimBack() {
        promised(new ReleaseChange(CLAIM, NOW), MESSAGE + """
                00 00 00 04             ; class: release
                01                      ; version
                %s
                00 00 01 97 74 20 dc 00 ; reserved until, ms since 1970
                """.formatted(CLAIM_BYTES));
    }

    @Test
    void givingUpTakesAClaimBack() {
        promised(new GiveUpChange(CLAIM, NOW), MESSAGE + """
                00 00 00 05             ; class: give up
                01                      ; version
                %s
                00 00 01 97 74 20 dc 00 ; reserved until, ms since 1970
                """.formatted(CLAIM_BYTES));
    }

    @Test
    void handingOverTakesAClaimBack() {
        promised(new HandOverChange(CLAIM, Set.of("node-7")), MESSAGE + """
                00 00 00 0b             ; class: hand over
                01                      ; version
                %s
                00 00 00 01             ; i32, nodes that have left
                  00 00 00 06 'node-7'
                """.formatted(CLAIM_BYTES));
    }

    @Test
    void sweepKnowsTheMembers() {
        promised(new SweepChange(Set.of("node-1"), NOW), MESSAGE + """
                00 00 00 06             ; class: sweep
                01                      ; version
                00 00 00 01             ; i32, members
                  00 00 00 06 'node-1'
                00 00 01 97 74 20 dc 00 ; reserved until, ms since 1970
                """);
    }

    @Test
    void expiryKnowsTheTime() {
        promised(new ExpireChange(NOW), MESSAGE + """
                00 00 00 07             ; class: expire
                01                      ; version
                00 00 01 97 74 20 dc 00 ; now, ms since 1970
                """);
    }

    @Test
    void mergePolicyIsNothingButItsName() {
        promised(new OlderOwnershipWins(), MESSAGE + """
                00 00 00 09             ; class: older ownership wins
                """);
    }

    @Test
    void tunnelsOfLocaltunnelsClientsAreOfAKindOfTheirOwn() {
        assertEquals("localtunnel", Tunnel.LOCALTUNNEL, WHAT_TO_DO);
    }

    @Test
    void numbersOfClassesStayTheirs() {
        RegistryTypes types = new RegistryTypes();
        assertEquals(
                List.of(
                        StoredTunnel.class,
                        Outcome.class,
                        BindChange.class,
                        ReleaseChange.class,
                        GiveUpChange.class,
                        SweepChange.class,
                        ExpireChange.class,
                        Store.class,
                        OlderOwnershipWins.class,
                        News.class,
                        HandOverChange.class),
                IntStream.rangeClosed(1, 11)
                        .<Object>mapToObj(id -> types.create(id).getClass())
                        .toList(),
                WHAT_TO_DO);
        assertNull(types.create(12), WHAT_TO_DO);
    }

    /** Nodes of two releases must come to the same where the clocks of two owners say the same. */
    @Test
    void ownersOfTheSameTimeHaveAnOrder() {
        assertEquals(
                "ann carl bob dora",
                Stream.of("dora", "carl", "bob", "ann")
                        .map(owner -> new Ownership(owner, NOW))
                        .sorted()
                        .map(Ownership::owner)
                        .collect(Collectors.joining(" ")),
                WHAT_TO_DO);
    }

    /** What was read of them is written as the same bytes again: not all of these can be compared. */
    private static PromisedBytes promised(Object value, String notation) {
        PromisedBytes promised = PromisedBytes.of(notation);
        promised.areWritten(SERIALIZATION.toData(value).toByteArray());
        Object read = read(notation);
        promised.areRead(value.getClass(), read.getClass());
        promised.areWritten(SERIALIZATION.toData(read).toByteArray());
        return promised;
    }

    private static Object read(String notation) {
        return SERIALIZATION.toObject(new HeapData(PromisedBytes.of(notation).bytes()));
    }
}
