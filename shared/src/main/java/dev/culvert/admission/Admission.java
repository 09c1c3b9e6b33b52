package dev.culvert.admission;

import static java.util.Comparator.comparing;

import dev.culvert.admission.Networks.Network;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Whom a tunnel lets in. Both conditions hold where both are set.
 *
 * @param networks where visitors must come from; anywhere when empty
 * @param passwords one of which visitors by HTTP must know; none is asked for when empty
 */
public record Admission(Networks networks, Set<Password> passwords) {
    /** Everybody. */
    public static final Admission EVERYBODY = new Admission(Networks.NONE, Set.of());

    /** Most networks and most passwords of a tunnel, each: every node keeps them for every name. */
    public static final int MOST = 32;

    public Admission {
        passwords = Set.copyOf(passwords);
        networks = new Networks(networks.all().stream()
                .distinct()
                .sorted(comparing(Network::toString))
                .toList());
        if (networks.all().size() > MOST) {
            throw new IllegalArgumentException("a tunnel has %d networks at most".formatted(MOST));
        } else if (passwords.size() > MOST) {
            throw new IllegalArgumentException("a tunnel has %d passwords at most".formatted(MOST));
        }
    }

    /**
     * As the wire and the registry have it.
     *
     * @param networks texts as {@link Networks#of} reads them
     * @param hashes of passwords
     * @throws IllegalArgumentException in words, where it makes no sense
     */
    public static Admission of(List<String> networks, List<String> hashes) {
        Set<Password> passwords = new LinkedHashSet<>();
        hashes.forEach(hash -> passwords.add(new Password(hash)));
        return networks.isEmpty() && passwords.isEmpty() ? EVERYBODY : new Admission(Networks.of(networks), passwords);
    }

    public Admission withNetworks(Networks newNetworks) {
        return new Admission(newNetworks, passwords);
    }

    public Admission withPasswords(Set<Password> newPasswords) {
        return new Admission(networks, newPasswords);
    }

    /** Whether nothing is asked of visitors. */
    public boolean isOpen() {
        return networks.isEmpty() && passwords.isEmpty();
    }

    /** Whether visitors must know a password. */
    public boolean asksForPassword() {
        return !passwords.isEmpty();
    }

    /** Whether visitors may come from there. */
    public boolean letsIn(InetAddress address) {
        return networks.isEmpty() || networks.test(address);
    }

    /** In words for whoever set it, like {@code a password, 2 networks}; empty where everybody is let in. */
    public String words() {
        return words(passwords.size(), networks.all().size());
    }

    /** The same of an admission with so many of each. */
    public static String words(int passwords, int networks) {
        List<String> words = new ArrayList<>();
        if (passwords > 0) {
            words.add(passwords == 1 ? "a password" : passwords + " passwords");
        }
        if (networks > 0) {
            words.add(networks == 1 ? "a network" : networks + " networks");
        }
        return String.join(", ", words);
    }

    /** The hashes of the passwords, always in the same order. */
    public List<String> hashes() {
        return passwords.stream().map(Password::hash).sorted().toList();
    }
}
