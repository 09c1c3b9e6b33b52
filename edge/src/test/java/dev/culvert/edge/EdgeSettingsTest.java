package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Networks;
import dev.culvert.config.ConfigException;
import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Rate;
import dev.culvert.config.Settings;
import dev.culvert.config.YamlSection;
import dev.culvert.edge.acme.AcmeOptions;
import dev.culvert.edge.admin.AdminOptions;
import dev.culvert.edge.tls.PemFiles;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class EdgeSettingsTest {
    private static final Map<String, String> EVERY_KEY = Map.ofEntries(
            Map.entry("domain", "tunnel.example.com"),
            Map.entry("bind", "0.0.0.0"),
            Map.entry("public-url", "https://tunnel.example.com:8443"),
            Map.entry("http-port", "80"),
            Map.entry("lane-port", "off"),
            Map.entry("admin-port", "0"),
            Map.entry("admin-bind", "10.0.0.1"),
            Map.entry("admin-token-file", "admin.txt"),
            Map.entry("tokens", "tokens.txt"),
            Map.entry("https-port", "443"),
            Map.entry("cert", "one.crt,two.crt"),
            Map.entry("key", "one.key,two.key"),
            Map.entry("https-redirect", "true"),
            Map.entry("tls-port", "0"),
            Map.entry("allow-anonymous", "false"),
            Map.entry("insecure", "true"),
            Map.entry("localtunnel", "false"),
            Map.entry("localtunnel-ports", "7200-7299"),
            Map.entry("localtunnel-address", "203.0.113.9"),
            Map.entry("ssh-port", "2222"),
            Map.entry("ssh-keys", "keys.txt"),
            Map.entry("ssh-host-key", "host_key"),
            Map.entry("trusted-proxies", "10.0.0.0/8,fd00::/8"),
            Map.entry("visitor-rate", "600/m"),
            Map.entry("access-log", "access.log"),
            Map.entry("issuers", "issuers.yaml"),
            Map.entry("agent-keys", "agent-keys.txt"),
            Map.entry("sign-in", "sign-in.yaml"),
            Map.entry("cluster-secret-file", "secret.txt"),
            Map.entry("tcp-ports", "2300-2399"),
            Map.entry("grace", "5m"),
            Map.entry("cluster", "static"),
            Map.entry("cluster-name", "berlin"),
            Map.entry("cluster-host", "10.0.0.5"),
            Map.entry("cluster-port", "5801"),
            Map.entry("bus-port", "0"),
            Map.entry("join", "10.0.0.6:5801,node-7"),
            Map.entry("bus-tls", "tls"),
            Map.entry("drain-notice", "8s"),
            Map.entry("drain-timeout", "0"),
            Map.entry("acme", "https://ca.example.com/acme"),
            Map.entry("acme-email", "ops@example.com"),
            Map.entry("acme-ca", "authority.pem"),
            Map.entry("acme-eab-file", "account.txt"),
            Map.entry("acme-dns", "dns.sh"),
            Map.entry("node-id", "berlin-1"),
            Map.entry("event-loops", "3"));

    private static final EdgeOptions EVERY_OPTION = new EdgeOptions(
            "tunnel.example.com",
            "0.0.0.0",
            URI.create("https://tunnel.example.com:8443"),
            new EdgeOptions.Ports(new ListenPort(80), ListenPort.OFF, new PortRange(2300, 2399)),
            new EdgeOptions.Tls(
                    new ListenPort(443),
                    List.of(
                            new PemFiles.Pair(Path.of("one.crt"), Path.of("one.key")),
                            new PemFiles.Pair(Path.of("two.crt"), Path.of("two.key"))),
                    AcmeOptions.of(
                            URI.create("https://ca.example.com/acme"),
                            "ops@example.com",
                            Path.of("authority.pem"),
                            Path.of("account.txt"),
                            Path.of("dns.sh")),
                    true,
                    ListenPort.FREE,
                    EdgeOptions.DEFAULT.tls().authority()),
            new EdgeOptions.Access(
                    Path.of("tokens.txt"),
                    Path.of("issuers.yaml"),
                    Path.of("agent-keys.txt"),
                    Path.of("sign-in.yaml"),
                    false,
                    true),
            new EdgeOptions.Localtunnel(false, new PortRange(7200, 7299), "203.0.113.9"),
            new EdgeOptions.Ssh(new ListenPort(2222), Path.of("keys.txt"), Path.of("host_key")),
            Networks.parse("10.0.0.0/8,fd00::/8"),
            new Rate(600, Duration.ofMinutes(1)),
            Path.of("access.log"),
            new AdminOptions(ListenPort.FREE, "10.0.0.1", Path.of("admin.txt")),
            new EdgeOptions.Names(Duration.ofMinutes(5), Path.of("secret.txt")),
            new ClusterOptions(
                    "static", "berlin", "10.0.0.5", 5801, 0, List.of("10.0.0.6:5801", "node-7"), Path.of("tls")),
            Duration.ofSeconds(8),
            Duration.ZERO,
            "berlin-1",
            3,
            EdgeOptions.DEFAULT.lanes());

    @TempDir
    Path folder;

    @Test
    void withoutAWordItIsAnEdgeForThisMachineAlone() {
        EdgeOptions options = read(Map.of(), Map.of(), "");

        assertEquals(EdgeOptions.DEFAULT, options);
        assertEquals("localhost", options.domain());
        assertEquals("127.0.0.1", options.bind());
        assertEquals(new ListenPort(7080), options.ports().http());
        assertEquals(new ListenPort(7070), options.ports().lane());
        assertEquals(PortRange.OFF, options.ports().tcp());
        assertEquals(new ListenPort(7090), options.admin().port());
        assertEquals("127.0.0.1", options.admin().bind());
        assertEquals(Duration.ofSeconds(60), options.names().grace());
        assertEquals(Duration.ofSeconds(30), options.drainTimeout());
    }

    @Test
    void everyOptionCanBeAFlag() {
        assertEquals(EdgeOption.KEYS, EVERY_KEY.keySet(), "this test sets every option");
        assertEquals(EVERY_OPTION, read(EVERY_KEY, Map.of(), ""));
    }

    @Test
    void everyOptionCanBeAVariable() {
        Map<String, String> variables = new HashMap<>();
        EVERY_KEY.forEach((key, value) -> variables.put(Settings.variableName(key), value));

        assertEquals(EVERY_OPTION, read(Map.of(), variables, ""));
    }

    @Test
    void everyOptionCanBeAKeyOfTheFile() {
        StringBuilder yaml = new StringBuilder();
        EVERY_KEY.forEach(
                (key, value) -> yaml.append(key).append(": ").append(value).append('\n'));

        assertEquals(EVERY_OPTION, read(Map.of(), Map.of(), yaml.toString()));
    }

    @Test
    void flagWinsOverVariableAndThatOverFile() {
        Map<String, String> variables = Map.of("CULVERT_HTTP_PORT", "2", "CULVERT_LANE_PORT", "2");

        EdgeOptions options = read(Map.of("http-port", "1"), variables, "http-port: 3\nlane-port: 3\nadmin-port: 3\n");

        assertEquals(1, options.ports().http().number());
        assertEquals(2, options.ports().lane().number());
        assertEquals(3, options.admin().port().number());
    }

    @ParameterizedTest
    @EnumSource(EdgeOption.class)
    void everyOptionIsInTheHelpAndInTheManual(EdgeOption option) throws IOException {
        String help =
                EdgeMain.commandLine(Map.of()).getSubcommands().get("edge").getUsageMessage();
        Path manual = Path.of("..", "docs", "operating.md").toAbsolutePath();

        assertTrue(help.contains("--" + option.key), help);
        assertTrue(Files.readString(manual).contains("`--" + option.key), "docs/operating.md lacks --" + option.key);
    }

    @Test
    void faultsSayWhereTheyWereWritten() {
        assertEquals(
                "--lane-port: 70700 is not a port: write 1 to 65535, 0 for a free one, or off",
                fault(() -> read(Map.of("lane-port", "70700"), Map.of(), "")));
        assertEquals(
                "the variable CULVERT_GRACE: grace: soon is not a time: write a number and ms, s, m or h, like 30s",
                fault(() -> read(Map.of(), Map.of("CULVERT_GRACE", "soon"), "")));
        assertEquals(
                "edge.yaml, line 2, column 1: insecure: must be true or false, was maybe",
                fault(() -> read(Map.of(), Map.of(), "domain: localhost\ninsecure: maybe\n")));
    }

    @Test
    void unknownKeyOfTheFileIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("edge.yaml"), "lane-prot: 1\n");

        String fault = fault(() -> parse(Map.of(), "--config", file.toString()));

        assertTrue(
                fault.startsWith(file + ", line 1, column 1: lane-prot: unknown key; known are access-log, acme,"),
                fault);
    }

    @Test
    void theFileCanBeNamedByAVariable() throws IOException {
        Path file = Files.writeString(folder.resolve("edge.yaml"), "http_port: 8099\n");

        EdgeOptions options = parse(Map.of("CULVERT_CONFIG", file.toString()), "--insecure", "--grace", "1m");

        assertEquals(8099, options.ports().http().number());
        assertEquals(Duration.ofMinutes(1), options.names().grace());
        assertTrue(options.access().insecure());
    }

    @Test
    void beyondLoopbackSomebodyMustSayWhoMayConnect() {
        String fault = fault(() -> read(Map.of("bind", "0.0.0.0", "insecure", "true"), Map.of(), ""));

        assertEquals(
                "--bind 0.0.0.0 lets other machines in: say who may connect agents with --tokens FILE (`culvert token create` writes"
                        + " one), --agent-keys FILE or --issuers FILE, or let anybody with --allow-anonymous",
                fault);
        read(Map.of("bind", "0.0.0.0", "insecure", "true", "allow-anonymous", "true"), Map.of(), "");
        read(Map.of("bind", "::", "insecure", "true", "tokens", "tokens.txt"), Map.of(), "");
        read(Map.of("bind", "::", "insecure", "true", "issuers", "issuers.yaml"), Map.of(), "");
        read(Map.of("bind", "::", "insecure", "true", "agent-keys", "keys.txt"), Map.of(), "");
    }

    @Test
    void nobodySignsInWithoutTlsBeyondThisMachine() {
        Map<String, String> open = Map.of("bind", "::", "sign-in", "s", "tokens", "t", "lane-port", "off");

        assertTrue(fault(() -> read(open, Map.of(), "")).startsWith("--sign-in beyond loopback needs HTTPS"));

        Map<String, String> asHttp = new HashMap<>(open);
        asHttp.putAll(Map.of("https-port", "0", "public-url", "http://localhost"));
        assertTrue(fault(() -> read(asHttp, Map.of(), "")).startsWith("--sign-in beyond loopback needs HTTPS"));

        for (String way : List.of("https-port=0", "public-url=https://localhost", "insecure=true")) {
            Map<String, String> safe = new HashMap<>(open);
            safe.put(way.substring(0, way.indexOf('=')), way.substring(way.indexOf('=') + 1));
            assertEquals(Path.of("s"), read(safe, Map.of(), "").access().signIn());
        }
        read(Map.of("sign-in", "s"), Map.of(), "");
    }

    @ParameterizedTest
    @CsvSource({"public-url, https://tunnel.example.com", "trusted-proxies, 127.0.0.1"})
    void whoSaysThatAProxyLeadsOthersHereSaysWhoMayConnect(String option, String value) {
        Map<String, String> proxied = Map.of("domain", "tunnel.example.com", option, value);

        String fault = fault(() -> read(proxied, Map.of(), ""));

        assertTrue(fault.startsWith("--" + option + " " + value), fault);
        assertTrue(fault.contains("lets other machines in: say who may connect agents"), fault);
        read(with(proxied, "allow-anonymous", "true"), Map.of(), "");
        read(with(proxied, "tokens", "t"), Map.of(), "");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, true",
        "tunnel.localhost, true",
        "127.0.0.1, true",
        "[::1], true",
        "localhost.example, false",
        "10.0.0.5, false"
    })
    void publicUrlOfThisMachineLetsNobodyElseIn(String host, boolean local) {
        assertEquals(local, Loopback.isName(host));
        read(Map.of("public-url", "http://localhost:8080"), Map.of(), "");
    }

    /** Whoever wrote it takes the door for closed. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "tokens",
                "issuers",
                "agent-keys",
                "sign-in",
                "ssh-keys",
                "visitor-rate",
                "access-log",
                "admin-token-file",
                "cluster-secret-file",
                "bus-tls"
            })
    void whatKeepsPeopleOutMustNotBeLeftEmpty(String option) {
        String variable = Settings.variableName(option);
        for (Runnable reading : List.<Runnable>of(
                () -> read(Map.of(), Map.of(), option + ":"),
                () -> read(Map.of(), Map.of(variable, ""), ""),
                () -> read(Map.of(option, " "), Map.of(), ""))) {
            String fault = fault(reading);
            assertTrue(fault.startsWith(option + ": there is nothing in it"), fault);
            assertTrue(fault.contains(variable), fault);
        }
        assertEquals(
                Path.of("t"),
                read(Map.of("tokens", "t"), Map.of("CULVERT_TOKENS", ""), "")
                        .access()
                        .tokens());
    }

    @Test
    void issuersLetNobodyInWhoIsNotKnown() {
        assertEquals(
                "--issuers and --allow-anonymous exclude each other: choose one",
                fault(() -> read(Map.of("issuers", "i", "allow-anonymous", "true"), Map.of(), "")));

        String ssh = fault(() -> read(Map.of("issuers", "i", "ssh-port", "0"), Map.of(), ""));

        assertTrue(ssh.startsWith("--ssh-port beside --issuers needs --ssh-keys or --tokens"), ssh);
        read(Map.of("issuers", "i", "ssh-port", "0", "ssh-keys", "k"), Map.of(), "");
        read(Map.of("issuers", "i", "ssh-port", "0", "tokens", "t"), Map.of(), "");
    }

    @Test
    void keysOfAgentsLetNobodyInWhoIsNotKnown() {
        assertEquals(
                "--agent-keys and --allow-anonymous exclude each other: choose one",
                fault(() -> read(Map.of("agent-keys", "k", "allow-anonymous", "true"), Map.of(), "")));
        assertEquals(
                "--ssh-port beside --agent-keys needs --ssh-keys, which may be the same file, or --tokens",
                fault(() -> read(Map.of("agent-keys", "k", "ssh-port", "0"), Map.of(), "")));

        read(Map.of("agent-keys", "k", "ssh-port", "0", "ssh-keys", "k"), Map.of(), "");
        read(Map.of("agent-keys", "k", "ssh-port", "0", "tokens", "t"), Map.of(), "");
        read(Map.of("agent-keys", "k"), Map.of(), "");
    }

    @Test
    void plaintextLanesBeyondLoopbackMustBeAskedFor() {
        Map<String, String> flags = Map.of("bind", "192.168.1.7", "tokens", "tokens.txt");

        String fault = fault(() -> read(flags, Map.of(), ""));

        assertTrue(fault.contains("--insecure") && fault.contains("--lane-port off"), fault);
        read(with(flags, "lane-port", "off"), Map.of(), "");
        read(with(flags, "insecure", "true"), Map.of(), "");
        read(with(flags, "https-port", "8443"), Map.of(), ""); // Then it takes TLS, and plaintext from here alone.
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "acme=letsencrypt | --acme needs --https-port",
                "acme=letsencrypt https-port=0 | --acme needs a --domain of the internet, like tunnel.example.com, was localhost",
                "acme=letsencrypt https-port=0 domain=example.com http-port=off | --acme needs --http-port",
                "acme=letsencrypt https-port=0 domain=example.com cluster=local | --acme in a cluster needs --cluster-secret-file",
                "acme=http://ca.example.com https-port=0 | --acme: must be letsencrypt, letsencrypt-staging, or the https URL of an ACME directory, was http://ca.example.com",
                "acme=letsencrypt acme-email=ops https-port=0 domain=example.com | --acme-email must be an address like ops@example.com, was ops",
                "acme-email=ops@example.com | the options --acme-... need --acme",
                "acme-dns=dns.sh | the options --acme-... need --acme",
            })
    void certificatesThatCannotBeOrderedAreRefused(String flags, String sentence) {
        Map<String, String> given = Stream.of(flags.split(" "))
                .map(flag -> flag.split("=", 2))
                .collect(Collectors.toMap(flag -> flag[0], flag -> flag[1]));

        String fault = fault(() -> read(given, Map.of(), ""));

        assertTrue(fault.startsWith(sentence), fault);
        read(Map.of("acme", "letsencrypt-staging", "https-port", "0", "domain", "example.com"), Map.of(), "");
        read(
                Map.of(
                        "acme",
                        "letsencrypt",
                        "https-port",
                        "0",
                        "domain",
                        "example.com",
                        "http-port",
                        "off",
                        "acme-dns",
                        "dns.sh"),
                Map.of(),
                "");
    }

    @Test
    void adminPortBeyondLoopbackNeedsAToken() {
        String fault = fault(() -> read(Map.of("admin-bind", "0.0.0.0"), Map.of(), ""));

        assertTrue(fault.contains("--admin-token-file"), fault);
        read(Map.of("admin-bind", "0.0.0.0", "admin-token-file", "t"), Map.of(), "");
        read(Map.of("admin-bind", "0.0.0.0", "admin-port", "off"), Map.of(), "");
    }

    @Test
    void joinAloneMeansAListOfNodes() {
        EdgeOptions options = read(Map.of("join", "127.0.0.1:5701, 127.0.0.1:5801"), Map.of(), "");

        assertEquals("static", options.cluster().environment());
        assertEquals(
                List.of("127.0.0.1:5701", "127.0.0.1:5801"), options.cluster().join());
        assertEquals("127.0.0.1", options.clusterHost());
        assertEquals(Duration.ofSeconds(5), options.drainNoticeOrDefault());
        assertEquals(Duration.ZERO, EdgeOptions.DEFAULT.drainNoticeOrDefault());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cluster=static cluster-host=10.0.0.5 join=10.0.0.6 | --cluster-name",
                "cluster=kubernetes bind=0.0.0.0 insecure=true allow-anonymous=true | --cluster-name",
                "cluster=static cluster-host=10.0.0.5 cluster-name=a | --join",
                "cluster=static bind=0.0.0.0 insecure=true allow-anonymous=true cluster-name=a join=b | --cluster-host",
                "cluster=static cluster-host=0.0.0.0 cluster-name=a join=b | --cluster-host",
                "cluster=static cluster-host=node-5 cluster-name=a join=b | --cluster-host",
                "cluster=off join=10.0.0.6 | --join",
                "cluster=local join=10.0.0.6 | --cluster static",
                "cluster=local cluster-host=10.0.0.5 cluster-name=a | --cluster static",
                "cluster=kubernetes cluster-name=a join=a,b | one headless Service",
                "join=10.0.0.6:x | --join",
                "join=127.0.0.1:99999 | --join: must have ports from 1 to 65535",
                "join=127.0.0.1:5701,[::1]:0 | --join: must have ports from 1 to 65535",
                "cluster=local cluster-port=off | --cluster-port",
                "cluster=local bus-port=70000 | --bus-port",
                "cluster=local cluster-port=5801 bus-port=5801 | two ports",
                "drain-notice=-1s | --drain-notice",
                "node-id=a b | --node-id"
            })
    void clusterThatCannotBeIsRefusedInWords(String flags, String hint) {
        Map<String, String> map = new HashMap<>();
        for (String flag : flags.equals("node-id=a b") ? List.of(flags) : List.of(flags.split(" "))) {
            map.put(flag.substring(0, flag.indexOf('=')), flag.substring(flag.indexOf('=') + 1));
        }

        String fault = fault(() -> read(map, Map.of(), ""));

        assertTrue(fault.contains(hint), fault);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokens=t | and --tokens does not: choose one",
                "issuers=i | and --issuers does not: choose one",
                "agent-keys=k | and --agent-keys does not: choose one",
                "bind=0.0.0.0 allow-anonymous=true lane-port=off | --insecure",
                "bind=0.0.0.0 insecure=true | --allow-anonymous",
                "http-port=off | --http-port",
                "localtunnel-ports=7000-7070 | --lane-port",
                "localtunnel-ports=2200-2299 tcp-ports=2299-2300 | in common",
                "localtunnel-ports=x | --localtunnel-ports",
                "localtunnel-address=a:80 | without a port"
            })
    void localtunnelThatCannotBeIsRefusedInWords(String flags, String hint) {
        Map<String, String> map = new HashMap<>(Map.of("localtunnel", "true"));
        for (String flag : flags.split(" ")) {
            map.put(flag.substring(0, flag.indexOf('=')), flag.substring(flag.indexOf('=') + 1));
        }

        String fault = fault(() -> read(map, Map.of(), ""));

        assertTrue(fault.contains(hint), fault);
    }

    @Test
    void localtunnelMayBeOnBeyondLoopbackWhereTheOperatorSaysSo() {
        EdgeOptions options = read(
                Map.of(
                        "localtunnel", "true",
                        "bind", "0.0.0.0",
                        "allow-anonymous", "true",
                        "insecure", "true",
                        "localtunnel-address", "lt-1.example.com"),
                Map.of(),
                "");

        assertEquals(new EdgeOptions.Localtunnel(true, PortRange.OFF, "lt-1.example.com"), options.localtunnel());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bind=0.0.0.0 tokens=t insecure=true ssh-port=2222 | ssh-keygen -t ed25519 -N '' -f FILE",
                "ssh-keys=keys.txt | --ssh-port",
                "ssh-host-key=host_key | --ssh-port",
                "ssh-port=7080 | --http-port",
                "ssh-port=2222 tcp-ports=2200-2299 | --ssh-port"
            })
    void sshThatCannotBeIsRefusedInWords(String flags, String hint) {
        Map<String, String> map = new HashMap<>();
        for (String flag : flags.split(" ")) {
            map.put(flag.substring(0, flag.indexOf('=')), flag.substring(flag.indexOf('=') + 1));
        }

        String fault = fault(() -> read(map, Map.of(), ""));

        assertTrue(fault.contains(hint), fault);
    }

    @Test
    void sshBeyondLoopbackNeedsNoWordOnPlaintext() {
        EdgeOptions options = read(
                Map.of(
                        "bind", "0.0.0.0",
                        "tokens", "tokens.txt",
                        "lane-port", "off",
                        "ssh-port", "2222",
                        "ssh-host-key", "host_key"),
                Map.of(),
                "");

        assertEquals(new EdgeOptions.Ssh(new ListenPort(2222), null, Path.of("host_key")), options.ssh());
    }

    @Test
    void tokensAndAnybodyExcludeEachOther() {
        assertTrue(fault(() -> read(Map.of("tokens", "t", "allow-anonymous", "true"), Map.of(), ""))
                .contains("choose one"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    void loopbackNeedsNothing(String bind) {
        assertEquals(
                bind,
                read(Map.of("bind", bind, "admin-bind", bind), Map.of(), "").bind());
    }

    @ParameterizedTest
    @CsvSource({
        "bind, edge.example.com",
        "domain, Not_A_Host",
        "public-url, tunnel.example.com",
        "public-url, ftp://localhost",
        "public-url, https://localhost/path",
        "public-url, https://other.example",
        "trusted-proxies, 10.0.0.0/33",
        "trusted-proxies, '10.0.0.1,'",
        "trusted-proxies, proxy",
        "event-loops, -1",
        "event-loops, 257",
        "event-loops, all",
        "drain-timeout, -1s"
    })
    void nonsenseIsRefusedWithItsOption(String key, String value) {
        assertTrue(fault(() -> read(Map.of(key, value), Map.of(), "")).contains("--" + key));
    }

    @Test
    void optionIsNamedOnce() {
        assertEquals(
                "--trusted-proxies: must be networks like 10.0.0.0/8 or fd00::/8 with commas between them, found 'proxy'",
                fault(() -> read(Map.of("trusted-proxies", "proxy"), Map.of(), "")));
    }

    @ParameterizedTest
    @CsvSource({
        ", 7080, -1, http://a.localhost:7080",
        ", 80, -1, http://a.localhost",
        ", 80, 7443, https://a.localhost:7443",
        ", 80, 443, https://a.localhost",
        "https://localhost, 7080, -1, https://a.localhost",
        "https://localhost:8443, 7080, 7443, https://a.localhost:8443",
        "http://localhost:443, 7080, -1, http://a.localhost:443"
    })
    void tunnelsAreFoundWhereVisitorsComeIn(String publicUrl, int port, int httpsPort, String url) {
        assertEquals(
                url,
                PublicUrl.of(publicUrl == null ? null : URI.create(publicUrl), port, httpsPort)
                        .ofHost("a.localhost"));
    }

    @Test
    void certificatesComeInPairsAndTheirOptionsSeveralTimes() {
        EdgeOptions options =
                parse(Map.of(), "--https-port", "0", "--cert", "a.crt", "--key", "a.key,b.key", "--cert", "b.crt");

        assertEquals(
                List.of(
                        new PemFiles.Pair(Path.of("a.crt"), Path.of("a.key")),
                        new PemFiles.Pair(Path.of("b.crt"), Path.of("b.key"))),
                options.tls().certificates());
        assertEquals(ListenPort.OFF, EdgeOptions.DEFAULT.tls().https());
        assertTrue(fault(() -> parse(Map.of(), "--https-port", "0", "--cert", "a.crt"))
                .contains("there are 1 and 0"));
        assertTrue(fault(() -> parse(Map.of(), "--cert", "a.crt", "--key", "a.key"))
                .contains("need --https-port"));
        assertTrue(fault(() -> parse(Map.of(), "--https-redirect")).contains("need --https-port"));
    }

    private static EdgeOptions read(Map<String, String> flags, Map<String, String> variables, String yaml) {
        return new EdgeSettings(flags, new Settings(variables, List.of(YamlSection.parse("edge.yaml", yaml)))).read();
    }

    private static EdgeOptions parse(Map<String, String> environment, String... args) {
        CommandLine edge = new CommandLine(EdgeCommand.spec(environment));
        return EdgeCommand.options(edge.parseArgs(args), environment);
    }

    private static String fault(Runnable reading) {
        return assertThrows(ConfigException.class, reading::run).getMessage();
    }

    private static Map<String, String> with(Map<String, String> flags, String key, String value) {
        Map<String, String> more = new HashMap<>(flags);
        more.put(key, value);
        return more;
    }
}
