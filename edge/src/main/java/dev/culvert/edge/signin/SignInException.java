package dev.culvert.edge.signin;

import org.jspecify.annotations.Nullable;

/** Somebody could not be signed in; the message says why in words for people. */
final class SignInException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean providerAway;

    private SignInException(String message, boolean providerAway, @Nullable Throwable cause) {
        super(message, cause);
        this.providerAway = providerAway;
    }

    /** The provider does not answer, or nothing that makes sense. */
    static SignInException away(String message, @Nullable Throwable cause) {
        return new SignInException(message, true, cause);
    }

    /** The provider has answered, and it is no. */
    static SignInException refused(String message, @Nullable Throwable cause) {
        return new SignInException(message, false, cause);
    }

    boolean isProviderAway() {
        return providerAway;
    }
}
