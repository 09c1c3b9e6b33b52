package dev.culvert.edge.signin;

import org.jspecify.annotations.Nullable;

/** Somebody could not be signed in; the message says why in words for people. */
final class SignInException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean visitorsOwn;

    private SignInException(String message, boolean visitorsOwn, @Nullable Throwable cause) {
        super(message, cause);
        this.visitorsOwn = visitorsOwn;
    }

    /** The provider does not answer, or not as it has to. */
    static SignInException away(String message, @Nullable Throwable cause) {
        return new SignInException(message, false, cause);
    }

    /** The provider has answered, and it is no. */
    static SignInException refused(String message, @Nullable Throwable cause) {
        return new SignInException(message, true, cause);
    }

    /** Whether it is for the visitor to know why, and not for the operator. */
    boolean isVisitorsOwn() {
        return visitorsOwn;
    }
}
