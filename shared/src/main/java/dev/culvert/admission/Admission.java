package dev.culvert.admission;

import static java.util.Comparator.comparing;

import dev.culvert.admission.Networks.Network;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Whom a tunnel lets in. Where there are networks visitors must come from there, and where there are passwords or people
 * they must know one or be one of them.
 *
 * @param networks where visitors must come from; anywhere when empty
 * @param passwords one of which lets visitors by HTTP in
 * @param people who by HTTP may sign in with the edge's identity provider
 * @param preflights whether browsers that ask before a request to another site (CORS preflights), without saying who it is, are
 *     let in all the same; nothing where nobody is asked who it is
 */
public record Admission(Networks networks, Set<Password> passwords, People people, boolean preflights) {
    /** Everybody. */
    public static final Admission EVERYBODY = new Admission(Networks.NONE, Set.of(), People.NONE, false);

    /** Most networks, passwords and people of a tunnel, each: every node keeps them for every name. */
    public static final int MOST = 32;

    /** Networks that are named in words; more are counted. */
    private static final int MOST_IN_WORDS = 3;

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
        } else if (people.all().size() > MOST) {
            throw new IllegalArgumentException(
                    "a tunnel lets in %d people, domains and groups at most".formatted(MOST));
        }
    }

    /**
     * As the wire and the registry have it.
     *
     * @param networks texts as {@link Networks#of} reads them
     * @param hashes of passwords
     * @param people as {@link People} has them
     * @param preflights whether CORS preflights are let in without any of these
     * @throws IllegalArgumentException in words, where it makes no sense
     */
    public static Admission of(List<String> networks, List<String> hashes, List<String> people, boolean preflights) {
        Set<Password> passwords = new LinkedHashSet<>();
        hashes.forEach(hash -> passwords.add(new Password(hash)));
        return networks.isEmpty() && passwords.isEmpty() && people.isEmpty() && !preflights
                ? EVERYBODY
                : new Admission(Networks.of(networks), passwords, new People(people), preflights);
    }

    public Admission withNetworks(Networks newNetworks) {
        return new Admission(newNetworks, passwords, people, preflights);
    }

    public Admission withPasswords(Set<Password> newPasswords) {
        return new Admission(networks, newPasswords, people, preflights);
    }

    public Admission withPeople(People newPeople) {
        return new Admission(networks, passwords, newPeople, preflights);
    }

    public Admission withPreflights(boolean newPreflights) {
        return new Admission(networks, passwords, people, newPreflights);
    }

    /** Whether nothing is asked of visitors. */
    public boolean isOpen() {
        return networks.isEmpty() && !asksWho();
    }

    /** Whether visitors must show who they are, in one way or the other, which HTTP alone has. */
    public boolean asksWho() {
        return asksForPassword() || asksForSignIn();
    }

    /** Whether visitors may show that they know a password. */
    public boolean asksForPassword() {
        return !passwords.isEmpty();
    }

    /** Whether visitors may sign in. */
    public boolean asksForSignIn() {
        return !people.isEmpty();
    }

    /** Whether visitors may come from there. */
    public boolean letsIn(InetAddress address) {
        return networks.isEmpty() || networks.test(address);
    }

    /** In words for whoever set it, like {@code a sign-in or a password, an address of ::1}; empty where everybody is let in. */
    public String words() {
        return words(passwords.size(), people.all().size(), networks.texts());
    }

    /** The same of an admission with so many passwords and people, and these networks. */
    public static String words(int passwords, int people, List<String> networks) {
        List<String> ways = new ArrayList<>();
        if (people > 0) {
            ways.add("a sign-in");
        }
        if (passwords > 0) {
            ways.add(passwords == 1 ? "a password" : "one of %d passwords".formatted(passwords));
        }
        List<String> words = new ArrayList<>();
        if (!ways.isEmpty()) {
            words.add(String.join(" or ", ways));
        }
        if (networks.size() > MOST_IN_WORDS) {
            words.add("an address of one of %d networks".formatted(networks.size()));
        } else if (!networks.isEmpty()) {
            words.add("an address of " + String.join(" or ", networks));
        }
        return String.join(", ", words);
    }

    /** The hashes of the passwords, always in the same order. */
    public List<String> hashes() {
        return passwords.stream().map(Password::hash).sorted().toList();
    }
}
