package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.GUARDED;
import static dev.culvert.edge.registry.Requests.GUARDED_POOL;
import static dev.culvert.edge.registry.Requests.POOL;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.config.SerializationConfig;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.config.Rate;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes between nodes, and between nodes of two versions. */
class SerializationTest {
    private static final InternalSerializationService SERIALIZATION = new DefaultSerializationServiceBuilder()
            .setConfig(
                    new SerializationConfig().addDataSerializableFactory(RegistryTypes.FACTORY_ID, new RegistryTypes()))
            .build();

    private static final Claim CLAIM = new Claim("node-1", "lane-1", "agent-1");
    private static final Claim OTHER_CLAIM = new Claim("node-2", "lane-2", "agent-2");
    private static final StoredTunnel STORED =
            new StoredTunnel(new Tunnel(host("shop"), "ann", 123, "http", POOL, Set.of(CLAIM), 0), 42);
    private static final StoredTunnel SHARED = new StoredTunnel(
            new Tunnel(host("shop"), "ann", 123, "http", POOL, Set.of(new Claim("node-2", "lane-2", "agent-2")), 0),
            43);

    @Property
    void everyTunnelComesBackAsItWent(@ForAll("tunnels") Tunnel tunnel, @ForAll long revision) {
        StoredTunnel stored = new StoredTunnel(tunnel, revision);
        assertEquals(stored, throughTheWire(stored));
    }

    @Property
    void whatANewerVersionAddsIsSkipped(@ForAll("tunnels") Tunnel tunnel, @ForAll byte[] unknown) throws IOException {
        byte[] body = TunnelCodec.encode(tunnel, 7);
        assertEquals(new StoredTunnel(tunnel, 7), TunnelCodec.decode(longer(body, unknown)));
    }

    /** Whatever this release changes of the rest. */
    @Property
    void whatALaterReleaseAddsToAPolicyStays(@ForAll("tunnels") Tunnel tunnel, @ForAll @NotEmpty byte[] added)
            throws IOException {
        byte[] later = longer(withRate(tunnel.policy()), added);
        Tunnel.Policy read = TunnelCodec.decodePolicy(later);
        assertArrayEquals(later, TunnelCodec.encode(read));
        assertEquals(tunnel.policy().rate(), read.rate());
        assertEquals(tunnel.policy().admission(), read.admission());
        assertTrue(read.hasAdmissionOf(tunnel.policy()));
        assertFalse(read.restrictsBeyondUs());

        StoredTunnel stored =
                new StoredTunnel(new Tunnel(host("shop"), "ann", 1, "http", read, Set.of(CLAIM, OTHER_CLAIM), 0), 1);
        for (Change change : new Change[] {
            new ReleaseChange(CLAIM, 1),
            new SweepChange(Set.of(OTHER_CLAIM.node()), 1),
            new BindChange(request("shop", "ann", CLAIM, read, null), 1, 55, Set.of()),
        }) {
            Change there = assertInstanceOf(Change.class, throughTheWire(change));
            StoredTunnel after = there.apply(host("shop"), (StoredTunnel) throughTheWire(stored))
                    .now();
            assertArrayEquals(
                    later,
                    TunnelCodec.encode(Objects.requireNonNull(after).tunnel().policy()));
        }
        Tunnel policyOfEarlier = new Tunnel(host("shop"), "ann", 1, "http", POOL, Set.of(OTHER_CLAIM), 0);
        StoredTunnel merged = OlderOwnershipWins.merged(stored, new StoredTunnel(policyOfEarlier, 0));
        assertArrayEquals(
                later,
                TunnelCodec.encode(Objects.requireNonNull(merged).tunnel().policy()));
    }

    /** It restricts nobody. */
    @Test
    void rateOfALaterReleaseIsNoneAndStays() throws IOException {
        byte[] later = longer(TunnelCodec.encode(ALONE), text("5/d"));

        Tunnel.Policy read = TunnelCodec.decodePolicy(later);

        assertNull(read.rate());
        assertTrue(read.isOpen());
        assertArrayEquals(later, TunnelCodec.encode(read));
    }

    @Test
    void whoRestrictsInAWayThatIsNotKnownLetsNobodyIn() throws IOException {
        Tunnel.Policy countries = TunnelCodec.decodePolicy(later("countries", ALONE, "DE"));
        assertTrue(countries.restrictsBeyondUs());
        assertFalse(countries.isOpen());
        assertEquals(Set.of("countries"), countries.unread().restrictions());
        assertEquals(ALONE.target(), countries.target());

        assertTrue(countries.hasAdmissionOf(TunnelCodec.decodePolicy(later("countries", ALONE, "DE"))));
        assertFalse(countries.hasAdmissionOf(TunnelCodec.decodePolicy(later("countries", ALONE, "FR"))));
        assertFalse(countries.hasAdmissionOf(ALONE));
        assertFalse(ALONE.hasAdmissionOf(countries));
    }

    /** One value that cannot be read must not keep a node from all others. */
    @Test
    void admissionThatCannotBeReadLetsNobodyInAndStays() throws IOException {
        byte[] block = TunnelCodec.encode(GUARDED);
        String network = GUARDED.admission().networks().texts().get(0);
        String text = new String(block, StandardCharsets.ISO_8859_1);
        byte[] unreadable = text.replace(network, "@".repeat(network.length())).getBytes(StandardCharsets.ISO_8859_1);

        Tunnel.Policy read = TunnelCodec.decodePolicy(unreadable);

        assertTrue(read.restrictsBeyondUs());
        assertArrayEquals(unreadable, TunnelCodec.encode(read));
    }

    @Test
    void restrictionThatIsNamedAndNotThereLetsNobodyIn() throws IOException {
        byte[] known = TunnelCodec.encode(ALONE);
        assertTrue(TunnelCodec.decodePolicy(later("people", ALONE, "")).restrictsBeyondUs());
        for (int length = 1; length < known.length; length++) {
            byte[] cut = Arrays.copyOf(known, length);
            Tunnel.Policy read = TunnelCodec.decodePolicy(cut);
            assertTrue(read.restrictsBeyondUs());
            assertArrayEquals(cut, TunnelCodec.encode(read));
        }
    }

    @Test
    void verdictThatIsNotKnownIsNoneOfThoseThatAre() {
        assertEquals(Outcome.Verdict.UNKNOWN, Outcome.Verdict.of(99));
    }

    private static byte[] longer(byte[] bytes, byte[] more) {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + more.length);
        System.arraycopy(more, 0, longer, bytes.length, more.length);
        return longer;
    }

    private static byte[] text(String text) {
        return ByteBuffer.allocate(Integer.BYTES + text.length())
                .putInt(text.length())
                .put(text.getBytes(StandardCharsets.UTF_8))
                .array();
    }

    /** As a release writes it that has more to write behind it. */
    private static byte[] withRate(Tunnel.Policy policy) throws IOException {
        byte[] known = TunnelCodec.encode(policy);
        return policy.rate() == null ? longer(known, text("")) : known;
    }

    /** As a later release writes a policy that restricts visitors in one way more. */
    private static byte[] later(String restriction, Tunnel.Policy policy, String value) throws IOException {
        byte[] known = withRate(policy);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(1 + ByteBuffer.wrap(known).getInt());
        out.writeInt(restriction.length());
        out.writeBytes(restriction);
        out.write(known, Integer.BYTES, known.length - Integer.BYTES);
        out.writeBytes(value);
        return bytes.toByteArray();
    }

    /** In front of something else, as in a result, too: nothing that was skipped may be taken for what follows. */
    @Test
    void aValueOfANewerVersionIsReadInsideAResult() throws IOException {
        byte[] body = TunnelCodec.encode(STORED.tunnel(), STORED.revision());
        byte[] longer = Arrays.copyOf(body, body.length + 100);
        var future = new FutureResult((byte) 9, longer);
        Data data = SERIALIZATION.toData(future);
        Outcome outcome = assertInstanceOf(Outcome.class, SERIALIZATION.<Object>toObject(data));
        assertEquals(STORED, outcome.now());
        assertEquals(Outcome.Verdict.DONE, outcome.verdict());
    }

    @Test
    void whatANewerVersionAddsToAClaimIsSkipped() throws IOException {
        byte[] encoded = TunnelCodec.encode(CLAIM);
        assertEquals(CLAIM, TunnelCodec.decodeClaim(Arrays.copyOf(encoded, encoded.length + 10)));
        // And the claim stands behind its own length in the body.
        byte[] body = TunnelCodec.encode(STORED.tunnel(), 1);
        ByteArrayOutputStream wider = new ByteArrayOutputStream();
        wider.write(body, 0, body.length - encoded.length - 4);
        wider.write(ByteBuffer.allocate(4).putInt(encoded.length + 10).array());
        wider.write(encoded);
        wider.write(new byte[10]);
        assertEquals(STORED.tunnel(), TunnelCodec.decode(wider.toByteArray()).tunnel());
    }

    @Test
    void aCutOffBodyIsRefused() throws IOException {
        byte[] body = TunnelCodec.encode(STORED.tunnel(), 1);
        for (int length = 0; length < body.length; length++) {
            byte[] cut = Arrays.copyOf(body, length);
            assertThrows(IOException.class, () -> TunnelCodec.decode(cut));
        }
    }

    @Test
    void everyChangeComesThroughAndDecidesTheSame() {
        long now = 1_000;
        Change[] changes = {
            new BindChange(request("shop", "ann", CLAIM, POOL, null), now, 55, Set.of("node-7", "node-8")),
            new BindChange(request("shop", "ann", CLAIM, GUARDED, null), now, 55, Set.of()),
            new BindChange(changing(), now, 55, Set.of()),
            new BindChange(request("shop", "bob", CLAIM), now, 55, Set.of()).against(new Ownership("ann", 123)),
            BindChange.assertedAgain(request("shop", "ann", CLAIM, POOL, null), now, 55, Set.of()),
            new ReleaseChange(CLAIM, now),
            new GiveUpChange(CLAIM, now),
            new SweepChange(Set.of("node-2"), now),
            new ExpireChange(now),
        };
        for (Change change : changes) {
            Change there = assertInstanceOf(change.getClass(), throughTheWire(change));
            for (StoredTunnel before : new StoredTunnel[] {null, STORED, SHARED}) {
                assertEquals(
                        change.apply(host("shop"), before).now(),
                        there.apply(host("shop"), before).now());
            }
        }
        assertNotNull(throughTheWire(new Store(STORED)));
        assertNotNull(throughTheWire(new OlderOwnershipWins()));
    }

    private static Registry.Request changing() {
        return new Registry.Request(host("shop"), "ann", "http", GUARDED_POOL, CLAIM, null, true);
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, -1})
    void aValueOfNoVersionIsRefused(byte version) {
        Data data = SERIALIZATION.toData(new FutureResult(version, new byte[0]));
        assertThrows(HazelcastSerializationException.class, () -> SERIALIZATION.<Object>toObject(data));
    }

    @Provide
    Arbitrary<Tunnel> tunnels() {
        Arbitrary<String> text = Arbitraries.strings().ofMaxLength(40);
        Arbitrary<Claim> claim = Combinators.combine(text, text, text).as(Claim::new);
        Arbitrary<Rate> rate =
                Arbitraries.of("5/s", "600/m", "999999999/h").map(Rate::parse).injectNull(0.5);
        Arbitrary<Tunnel.Policy> policy = Combinators.combine(
                        text, text, Arbitraries.integers(), Arbitraries.of(true, false), admissions(), rate)
                .as((hostHeader, target, timeout, pool, admission, most) ->
                        new Tunnel.Policy(hostHeader, target, timeout, pool, admission, most, UnreadPolicy.NOTHING));
        return Combinators.combine(
                        text.map(TunnelKey::new),
                        text,
                        Arbitraries.longs(),
                        text,
                        policy,
                        claim.set().ofMaxSize(5),
                        Arbitraries.longs())
                .as(Tunnel::new);
    }

    private static Arbitrary<Admission> admissions() {
        Arbitrary<String> networks = Arbitraries.of("10.0.0.0/8", "192.0.2.1", "fd00::/8");
        Arbitrary<String> hashes = Arbitraries.strings().ofMaxLength(9).map(text -> Password.of(text)
                .hash());
        Arbitrary<String> people = Arbitraries.of("*", "ann@example.com", "*@example.com");
        return Combinators.combine(
                        networks.list().ofMaxSize(3),
                        hashes.list().ofMaxSize(3),
                        people.list().ofMaxSize(3),
                        Arbitraries.of(true, false))
                .as(Admission::of);
    }

    private static Object throughTheWire(Object value) {
        return SERIALIZATION.toObject(SERIALIZATION.toData(value));
    }

    /** An {@link Outcome} as a node of another version writes it. */
    private record FutureResult(byte version, byte[] body) implements IdentifiedDataSerializable {
        @Override
        public int getFactoryId() {
            return RegistryTypes.FACTORY_ID;
        }

        @Override
        public int getClassId() {
            return RegistryTypes.OUTCOME;
        }

        @Override
        public void writeData(ObjectDataOutput out) throws IOException {
            out.writeByte(version);
            out.writeByte(Outcome.Verdict.DONE.code);
            out.writeObject(new FutureTunnel(version, body));
        }

        @Override
        public void readData(ObjectDataInput in) {
            throw new UnsupportedOperationException();
        }
    }

    private record FutureTunnel(byte version, byte[] body) implements IdentifiedDataSerializable {
        @Override
        public int getFactoryId() {
            return RegistryTypes.FACTORY_ID;
        }

        @Override
        public int getClassId() {
            return RegistryTypes.STORED_TUNNEL;
        }

        @Override
        public void writeData(ObjectDataOutput out) throws IOException {
            out.writeByte(version);
            out.writeByteArray(body);
        }

        @Override
        public void readData(ObjectDataInput in) {
            throw new UnsupportedOperationException();
        }
    }
}
