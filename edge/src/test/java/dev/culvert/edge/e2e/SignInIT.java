package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** People who sign in with a real OpenID provider, by a real browser. */
class SignInIT {
    @RegisterExtension
    final Stage stage = new Stage();

    private RunningEdge edge;
    private RecordingTarget target;
    private String url;

    @BeforeEach
    void start() throws Exception {
        int https = Stage.freePort();
        OidcProvider provider = OidcProvider.start(stage, "https://localhost:%d/.culvert/sign-in".formatted(https));
        Path secret = Files.writeString(stage.folder().resolve("client-secret"), OidcProvider.SECRET);
        Path file = Files.writeString(
                stage.folder().resolve("sign-in.yaml"), """
                issuer: %s
                client-id: culvert
                client-secret-file: %s
                ca: %s
                scopes: [openid, email, groups]
                groups: groups
                """.formatted(provider.issuer(), secret, provider.ca()));
        edge = stage.edge("--https-port", Integer.toString(https), "--sign-in", file.toString());
        target = stage.keep(RecordingTarget.start());
        url = "https://shop.localhost:%d".formatted(https);
    }

    @Test
    void personSignsInAndTheTargetLearnsWhoItIs() throws Exception {
        stage.agent(edge, target.port(), "--name", "shop", "--sign-in", "*@example.com")
                .awaitOnline();
        Browser browser = Browser.start(stage, "--ignore-certificate-errors");
        Page page = browser.page();

        Browser.open(page, url + "/page?a=b");
        signIn(page, "eve@example.org");

        assertTrue(page.content().contains("eve@example.org is none of them"), page::content);
        browser.screenshot("person-not-admitted");
        assertEquals(List.of(), target.takeRequests(), "nobody has come in");
        page.click("a");
        // The provider knows eve, and asks all the same.
        signIn(page, "ann@example.com");

        page.waitForURL(url + "/");
        Browser.open(page, url + "/page?a=b");
        String head = target.takeRequests().stream()
                .filter(request -> request.startsWith("GET /page?a=b "))
                .findFirst()
                .orElseThrow()
                .toLowerCase(Locale.ROOT);
        assertTrue(head.contains("culvert-user: ann@example.com"), head);
        assertFalse(head.contains("culvert-session") || head.contains("culvert-browser"), head);

        Browser.open(page, url + "/.culvert/sign-out");
        assertTrue(page.content().contains("Signed out"), page::content);
    }

    @Test
    void personComesInByItsGroup() throws Exception {
        stage.agent(edge, target.port(), "--name", "shop", "--sign-in", "group:Night Shift")
                .awaitOnline();
        Browser browser = Browser.start(stage, "--ignore-certificate-errors");
        Page page = browser.page();

        Browser.open(page, url + "/page");
        signIn(page, "eve@example.org");
        assertTrue(page.content().contains("eve@example.org is none of them"), page::content);

        page.click("a");
        signIn(page, "ann@example.com");
        page.waitForURL(url + "/");
        assertTrue(
                target.takeRequests().stream().anyMatch(request -> request.toLowerCase(Locale.ROOT)
                        .contains("culvert-user: ann@example.com")),
                "the target learns who it is");
    }

    @Test
    void programIsToldWhatIsAskedOfItOrShowsAPassword() throws Exception {
        stage.agent(edge, target.port(), "--name", "shop", "--sign-in", "*", "--basic-auth", "ci:long enough")
                .awaitOnline();

        Curl without = Curl.run(stage, "--insecure", url + "/");
        assertTrue(without.told().contains("403"), without::toString);
        assertTrue(without.told().contains("culvert-error: sign_in_required"), without::toString);
        assertTrue(without.out().contains("Sign in there: " + url + "/"), without::toString);

        Curl with = Curl.run(stage, "--insecure", "-u", "ci:long enough", url + "/");
        assertTrue(with.told().contains("200"), with::toString);
    }

    @Test
    void edgeWithoutAProviderSaysSoToTheAgent() throws Exception {
        RunningEdge without = stage.edge();

        RunningAgent agent = stage.agentOf("bob", without, target.port(), "--sign-in", "*");

        assertEquals(1, agent.program().exitCode());
        String said = String.join("\n", agent.program().err().awaitEnd());
        assertTrue(said.contains("this edge has no identity provider"), said);
    }

    /** The pages of the provider: any name will do, and then it asks whether that may be told. */
    private static void signIn(Page page, String who) {
        page.fill("input[name=login]", who);
        page.fill("input[name=password]", "any");
        page.click("button[type=submit]");
        page.click("button[type=submit]");
    }
}
