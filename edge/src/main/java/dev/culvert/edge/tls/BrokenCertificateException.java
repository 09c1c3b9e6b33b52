package dev.culvert.edge.tls;

/** Certificates or their keys are not what they should be; the message is a sentence for the operator. */
public final class BrokenCertificateException extends Exception {
    public BrokenCertificateException(String message) {
        super(message);
    }
}
