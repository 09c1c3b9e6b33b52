package dev.culvert.agent.dial;

import java.security.cert.CertificateException;

/** The edge's certificate does not prove what it should; the message says what, and what to do, for people. */
final class UntrustedEdgeException extends CertificateException {
    UntrustedEdgeException(String message) {
        super(message);
    }
}
