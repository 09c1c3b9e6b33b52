package dev.culvert.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakFree.class)
class LeakFreeTest {
    @Test
    void aForgottenBufferIsFound() {
        ByteBufAllocator.DEFAULT.ioBuffer(16).touch("forgotten by the test");

        List<String> leaks = LeakFree.leaksSoFar();

        assertEquals(1, leaks.size());
        assertTrue(leaks.get(0).contains("forgotten by the test"), leaks.get(0));
    }

    @Test
    void aReleasedBufferIsNot() {
        ByteBufAllocator.DEFAULT.ioBuffer(16).release();

        assertEquals(List.of(), LeakFree.leaksSoFar());
    }
}
