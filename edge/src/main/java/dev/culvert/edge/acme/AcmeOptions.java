package dev.culvert.edge.acme;

import dev.culvert.config.ConfigException;
import dev.culvert.config.StateFolder;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An authority that gives certificates by ACME. Who names one agrees to its terms.
 *
 * @param directory the URL where its protocol begins (option {@code --acme}: {@code letsencrypt},
 *     {@code letsencrypt-staging} or a URL, by https)
 * @param email where it may write to (option {@code --acme-email}, default none)
 * @param ca certificates in PEM that sign the authority's own (option {@code --acme-ca}, default those that Java trusts): for
 *     a private one
 * @param eab a file with the account that the authority wants to be had before (option {@code --acme-eab-file}, default none)
 * @param dns a program that writes into the domain's DNS (option {@code --acme-dns}, default none); with it there is one
 *     certificate for all names directly under the domain
 * @param folder where account and certificates are kept (no option of its own): {@code acme} in the user's folder
 */
public record AcmeOptions(
        URI directory,
        @Nullable String email,
        @Nullable Path ca,
        @Nullable Path eab,
        @Nullable Path dns,
        Path folder) {
    private static final URI LETS_ENCRYPT = URI.create("https://acme-v02.api.letsencrypt.org/directory");
    private static final URI STAGING = URI.create("https://acme-staging-v02.api.letsencrypt.org/directory");

    public AcmeOptions {
        if (email != null && !email.matches("[!-~]+@[!-~]+")) {
            throw new ConfigException("--acme-email must be an address like ops@example.com, was " + email);
        }
    }

    /**
     * A name for the directory, for folders and maps: what one authority has given says nothing about another, of which one may be
     * the other's test.
     */
    String directoryName() {
        String text = directory.getRawAuthority() + directory.getRawPath();
        return text.replaceAll("[^A-Za-z0-9.-]+", "_");
    }

    /** With the user's folder; there must be one. */
    public static AcmeOptions of(
            URI directory, @Nullable String email, @Nullable Path ca, @Nullable Path eab, @Nullable Path dns) {
        Path folder = StateFolder.ofUser()
                .orElseThrow(() -> new ConfigException("--acme keeps its certificates in this user's home folder, and "
                        + "there is none: set HOME or CULVERT_HOME"));
        return new AcmeOptions(directory, email, ca, eab, dns, folder.resolve("acme"));
    }

    /**
     * Reads what stands for a directory.
     *
     * @throws ConfigException without the name of the option
     */
    public static URI directory(String text) {
        if (text.equals("letsencrypt")) {
            return LETS_ENCRYPT;
        } else if (text.equals("letsencrypt-staging")) {
            return STAGING;
        }
        try {
            URI url = URI.create(text);
            if ("https".equals(url.getScheme()) && url.getHost() != null) {
                return url;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new ConfigException(
                "must be letsencrypt, letsencrypt-staging, or the https URL of an ACME directory, was " + text);
    }
}
