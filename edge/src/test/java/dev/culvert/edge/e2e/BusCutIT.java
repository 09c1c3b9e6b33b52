package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The event bus between two nodes breaks under a relayed download: it is cut off soon, and never whole but wrong. */
class BusCutIT {
    @RegisterExtension
    static final Stage stage = Stage.asUsersRunIt();

    /** The promise; a link is given up 1.5 s after the other node was heard last. */
    private static final Duration CUT_OFF = Duration.ofSeconds(2);

    /** More than all windows on the way hold: the download cannot have been over when the bus is cut. */
    private static final long SIZE = 512 * Memory.MIB;

    private static final long BEGUN = 16 * Memory.MIB;

    private static CutOffCluster cluster;
    private static CutOffCluster.Node ingress;
    private static CutOffCluster.Node holder;
    private static BrokenOffTarget target;

    private boolean swallowing;

    @BeforeAll
    static void cluster() throws Exception {
        target = BrokenOffTarget.start(stage);
        cluster = CutOffCluster.start(stage, 2);
        ingress = cluster.node(0);
        holder = cluster.node(1);
        cluster.agent("ann", holder, target.port(), "--name", "files", "--lanes", "1")
                .awaitOnline();
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> ingress.nodesOf("files").size() == 1);
    }

    @AfterEach
    void allIsWell() throws Exception {
        if (swallowing) {
            swallowNoMore();
        }
        // Whatever was done to the bus, nobody has to be restarted.
        awaitDownload();
    }

    @Test
    void brokenConnectionCutsTheDownloadOff() throws Exception {
        try (Visitor visitor = begin("/bytes/" + SIZE)) {
            long at = readTo(visitor, 0, BEGUN);
            // While the visitor reads: where nothing is on its way nothing is lost, and the download rightly goes on.
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Integer> broken = CompletableFuture.supplyAsync(() -> breakUntil(over));
            try {
                assertCutOff("connection broken", visitor, at, SIZE, System.nanoTime());
            } finally {
                over.set(true);
            }
            assertTrue(broken.join() > 0, "there was no connection to break");
        }
    }

    /** Breaks what connections the bus has, again and again; returns how many there were. */
    private static int breakUntil(AtomicBoolean over) {
        int broken = 0;
        while (!over.get()) {
            broken += ingress.machine().breakConnections(CutOffCluster.BUS_PORT);
        }
        return broken;
    }

    @Test
    void silentBusCutsTheDownloadOff() throws Exception {
        try (Visitor visitor = begin("/bytes/" + SIZE)) {
            long at = readTo(visitor, 0, BEGUN);
            swallow();
            assertCutOff("bus silent", visitor, at, SIZE, System.nanoTime());
        }
        // And who comes now is told so, and does not wait.
        long before = System.nanoTime();
        Answer answer = ingress.get("files", "/bytes/10");
        System.out.printf("a new visitor had %d after %d ms%n", answer.status(), millisSince(before));
        assertEquals(502, answer.status(), answer::toString);
        assertTrue(millisSince(before) < CUT_OFF.toMillis(), "answered after " + millisSince(before));
    }

    @Test
    void endThatIsLostCutsTheDownloadOff() throws Exception {
        long size = BEGUN;
        try (Visitor visitor = begin("/last/" + size)) {
            long at = readTo(visitor, 0, size - BrokenOffTarget.LAST_BYTES);
            swallow();
            target.sayTheLast(size);
            assertCutOff("end lost", visitor, at, size, System.nanoTime());
        }
    }

    private Visitor begin(String path) throws IOException {
        Visitor visitor = ingress.visitor();
        Answer head = visitor.get(CutOffCluster.Node.host("files"), path).head();
        assertEquals(200, head.status(), head::toString);
        return visitor;
    }

    /** Both nodes send nothing more on the bus, and are not told. */
    private void swallow() {
        swallowing = true;
        ingress.machine().swallow(CutOffCluster.BUS_PORT);
        holder.machine().swallow(CutOffCluster.BUS_PORT);
    }

    private void swallowNoMore() {
        swallowing = false;
        ingress.machine().swallowNoMore(CutOffCluster.BUS_PORT);
        holder.machine().swallowNoMore(CutOffCluster.BUS_PORT);
    }

    /** What comes after the cut is right, and it ends soon and before its end. */
    private static void assertCutOff(String how, Visitor visitor, long from, long size, long cutAt) throws IOException {
        long at = from;
        String end;
        visitor.socket().setSoTimeout((int) Stage.PATIENCE.toMillis());
        try {
            int next = visitor.read();
            for (; next >= 0; next = visitor.read()) {
                assertRight(at++, (byte) next);
            }
            end = "closed";
        } catch (SocketException e) {
            end = String.valueOf(e.getMessage());
        }
        long took = millisSince(cutAt);
        System.out.printf("%s: cut off after %d ms (%s), %d more bytes were right%n", how, took, end, at - from);
        assertTrue(at < size, "it was over before it could be cut off");
        assertTrue(took < CUT_OFF.toMillis(), "cut off after %d ms".formatted(took));
    }

    private static long readTo(Visitor visitor, long from, long to) throws IOException {
        for (long at = from; at < to; ) {
            for (byte one : visitor.bytes((int) Math.min(64 * 1024, to - at))) {
                assertRight(at++, one);
            }
        }
        return to;
    }

    private static void assertRight(long at, byte one) {
        if (one != BrokenOffTarget.byteAt(at)) {
            fail("the byte at %d is wrong".formatted(at));
        }
    }

    /** A whole download, as soon as the nodes have found each other again. */
    private static void awaitDownload() {
        long before = System.nanoTime();
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> {
                    try (Visitor visitor = ingress.visitor()) {
                        Answer head = visitor.get(CutOffCluster.Node.host("files"), "/bytes/" + BEGUN)
                                .head();
                        return head.status() == 200 && readTo(visitor, 0, BEGUN) == BEGUN;
                    }
                });
        System.out.printf("downloads work again after %d ms%n", millisSince(before));
    }

    private static long millisSince(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos).toMillis();
    }
}
