package dev.culvert.edge;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.regex.Pattern;

/** Who may know whom, in all modules: the edge's class path has them all. */
@AnalyzeClasses(
        packages = "dev.culvert",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.DoNotIncludeTestJars.class})
class ArchitectureTest {

    /** The only classes that use Vert.x's own internals, which may change with any of its releases: one a module. */
    private static final String USERS_OF_VERTX_INTERNALS = "dev\\.culvert\\.(lane\\.Sockets)(\\$.*)?";

    private static final String[] SHARED = {
        "dev.culvert.wire..",
        "dev.culvert.lane..",
        "dev.culvert.names..",
        "dev.culvert.config..",
        "dev.culvert.admission..",
        "dev.culvert.page.."
    };

    @ArchTest
    static final ArchRule wireKnowsNothingOfOurs = noClasses()
            .that()
            .resideInAPackage("dev.culvert.wire..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.culvert..").and(resideOutsideOfPackages("dev.culvert.wire..")));

    @ArchTest
    static final ArchRule laneKnowsNothingOfOursButWireNamesAndConfig = noClasses()
            .that()
            .resideInAPackage("dev.culvert.lane..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.culvert..").and(resideOutsideOfPackages(SHARED)));

    @ArchTest
    static final ArchRule sharedKnowsNoHttp = noClasses()
            .that()
            .resideInAnyPackage(SHARED)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty.handler.codec.http..", "io.vertx.core.http..", "io.vertx.ext.web..");

    @ArchTest
    static final ArchRule onlyTheRegistryKnowsHazelcast = noClasses()
            .that()
            .resideOutsideOfPackage("dev.culvert.edge.registry..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.hazelcast..", "io.vertx.spi.cluster.hazelcast..");

    @ArchTest
    static final ArchRule onlyTheSshPackageKnowsSsh = noClasses()
            .that()
            .resideOutsideOfPackage("dev.culvert.edge.ssh..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.sshd..");

    @ArchTest
    static final ArchRule onlyTheAcmePackageKnowsAcme = noClasses()
            .that()
            .resideOutsideOfPackage("dev.culvert.edge.acme..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.shredzone.acme4j..");

    @ArchTest
    static final ArchRule onlyTokensAndSignInKnowNimbus = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.culvert.edge.access.jwt..", "dev.culvert.edge.issuers..", "dev.culvert.edge.signin..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.nimbusds..");

    @ArchTest
    static final ArchRule onlyTheSignInKnowsItsProvider = noClasses()
            .that()
            .resideOutsideOfPackage("dev.culvert.edge.signin..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.nimbusds.oauth2..", "com.nimbusds.openid..");

    @ArchTest
    static final ArchRule partsOfTheEdgeFormNoCycle =
            slices().matching("dev.culvert.edge.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule partsOfTheEdgeDoNotKnowTheWhole = noClasses()
            .that(resideInAPackage("dev.culvert.edge.*..").and(resideOutsideOfPackages("dev.culvert.edge.demo..")))
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.culvert.edge", "dev.culvert.edge.demo.."));

    @ArchTest
    static final ArchRule registryAndAccessKnowNoVisitorAndNoLane = noClasses()
            .that()
            .resideInAnyPackage("dev.culvert.edge.registry..", "dev.culvert.edge.access..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.culvert.edge.ingress..", "dev.culvert.edge.lanes..", "dev.culvert.edge.admin..");

    @ArchTest
    static final ArchRule lanesRelayAndSshKnowNoVisitor = noClasses()
            .that()
            .resideInAnyPackage("dev.culvert.edge.lanes..", "dev.culvert.edge.relay..", "dev.culvert.edge.ssh..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.culvert.edge.ingress..", "dev.culvert.edge.admin..");

    @ArchTest
    static final ArchRule onlyTheDemoRunsAnAgentInsideTheEdge = noClasses()
            .that(resideInAPackage("dev.culvert.edge..").and(resideOutsideOfPackages("dev.culvert.edge.demo..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.culvert.agent..");

    @ArchTest
    static final ArchRule agentLibraryNeedsNothingOfTheCommandLine = noClasses()
            .that(resideInAPackage("dev.culvert.agent..").and(resideOutsideOfPackages("dev.culvert.agent.cli..")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.culvert.agent.cli..", "picocli..", "org.yaml..");

    @ArchTest
    static final ArchRule partsOfTheAgentFormNoCycle =
            slices().matching("dev.culvert.agent.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule partsOfTheAgentDoNotKnowTheWhole = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.culvert.agent.dial..",
                    "dev.culvert.agent.inspect..",
                    "dev.culvert.agent.state..",
                    "dev.culvert.agent.target..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.culvert.agent", "dev.culvert.agent.cli.."));

    @ArchTest
    static final ArchRule agentsOfEdgesKnowNoLocaltunnel = noClasses()
            .that(resideInAPackage("dev.culvert.agent..")
                    .and(resideOutsideOfPackages("dev.culvert.agent.cli..", "dev.culvert.agent.localtunnel..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.culvert.agent.localtunnel..");

    @ArchTest
    static final ArchRule nobodyKnowsALoggingBackend = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.slf4j.simple..", "ch.qos.logback..", "org.apache.logging..");

    @ArchTest
    static final ArchRule nobodyLogsThroughJavaUtilLogging = noClasses().should(USE_JAVA_UTIL_LOGGING);

    @ArchTest
    static final ArchRule onlyCommandLinesPrint = noClasses()
            .that(resideOutsideOfPackages("dev.culvert.agent.cli..", "dev.culvert.edge.demo.."))
            .and()
            .haveNameNotMatching("dev\\.culvert\\.edge\\.\\w+(Main|Command)(\\$.*)?")
            .should(ACCESS_STANDARD_STREAMS);

    @ArchTest
    static final ArchRule vertxInternalsStayWhereTheyAre = noClasses()
            .that()
            .haveNameNotMatching(USERS_OF_VERTX_INTERNALS)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.vertx.core.internal..");

    /** The test kit comes as a jar when Maven has packaged it already. */
    static final class DoNotIncludeTestJars implements ImportOption {
        private static final Pattern TEST_JAR = Pattern.compile(".*-tests\\.jar!.*");

        @Override
        public boolean includes(Location location) {
            return !location.matches(TEST_JAR);
        }
    }
}
