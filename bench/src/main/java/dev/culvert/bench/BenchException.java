package dev.culvert.bench;

/** What keeps the bench from measuring, in words. */
final class BenchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BenchException(String message) {
        super(message);
    }
}
