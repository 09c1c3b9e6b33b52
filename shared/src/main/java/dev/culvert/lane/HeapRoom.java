package dev.culvert.lane;

/** How many of something the JVM's heap has room for, so that more of them are turned away before they fill it. */
public final class HeapRoom {
    private static final int LEAST = 100;

    private HeapRoom() {}

    /**
     * For so many; at least a few, or a small heap would serve nobody.
     *
     * @param besides bytes that the heap needs for all else
     * @param each bytes of the heap for each of them, room for the collector included
     */
    public static int forEach(int besides, int each) {
        long room = Runtime.getRuntime().maxMemory() - besides;
        return (int) Math.min(Integer.MAX_VALUE, Math.max(LEAST, room / each));
    }
}
