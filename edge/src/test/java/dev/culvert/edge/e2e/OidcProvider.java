package dev.culvert.edge.e2e;

import dev.culvert.edge.testkit.TestAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * An OpenID provider from npm, oidc-provider, by HTTPS: {@code edge/src/test/resources/e2e/oidc-provider}, copied. Its
 * client {@code shop-ci} gets JWTs for the audience {@code tunnel.example.com} by its secret; with its client {@code culvert}
 * people sign in, as whom they like.
 *
 * @param ca who signs its certificate
 */
record OidcProvider(Program program, int port, Path ca) {
    static final String SECRET = "correct-horse-battery-staple";

    static OidcProvider start(Stage stage) throws Exception {
        return start(stage, "");
    }

    /** One that people sign in with. */
    static OidcProvider start(Stage stage, String place) throws Exception {
        Path folder = stage.folder("provider");
        Path packages = NpmPackages.installed(stage, "oidc-provider");
        for (String file : List.of("package.json", "provider.js")) {
            Files.copy(Checkout.fixture("oidc-provider").resolve(file), folder.resolve(file));
        }
        Files.createSymbolicLink(folder.resolve("node_modules"), packages.resolve("node_modules"));
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "provider", authority.issue("localhost"));
        return start(stage, Stage.freePort(), authority.writeOwn(folder), place);
    }

    private static OidcProvider start(Stage stage, int port, Path ca, String place) throws IOException {
        Path folder = stage.folder("provider");
        Program program = stage.keep(Program.start(
                "oidc-provider",
                folder,
                Map.of("NO_COLOR", "1"),
                List.of(
                        Program.installed("node"),
                        "provider.js",
                        Integer.toString(port),
                        folder.resolve("provider.crt").toString(),
                        folder.resolve("provider.key").toString(),
                        place)));
        program.out().await("provider is ready");
        return new OidcProvider(program, port, ca);
    }

    /** Starts it at the same place, after it has ended. */
    OidcProvider again(Stage stage) throws IOException {
        return start(stage, port, ca, "");
    }

    /** What its tokens say in {@code iss}. */
    String issuer() {
        return "https://localhost:" + port;
    }

    /** A command for the shell that prints a token. */
    String command(String secret) {
        return ("set -e; answer=$(curl --silent --show-error --fail --noproxy '*' --cacert '%s' -u shop-ci:%s"
                        + " -d grant_type=client_credentials -d scope=tunnels -d resource=https://tunnel.example.com %s/token);"
                        + " echo \"$answer\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'")
                .formatted(ca, secret, issuer());
    }
}
