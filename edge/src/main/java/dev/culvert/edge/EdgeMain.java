package dev.culvert.edge;

/** The edge's command line. */
public final class EdgeMain {

    private EdgeMain() {}

    public static void main(String[] args) {
        System.out.println("culvert edge");
    }
}
