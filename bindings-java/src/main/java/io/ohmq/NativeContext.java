// The native side of a context.
package io.ohmq;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/** A context behind a number. It is forgotten when nobody uses it any more; its sockets live on. */
final class NativeContext {
    /** Closes what was left open, in a thread that waits for nothing else. */
    static final Cleaner CLEANER = Cleaner.create();

    private final long handle;
    /** Whether the work of its sockets was ended. They share this, and need nothing else of it. */
    private final AtomicBoolean terminated = new AtomicBoolean();

    NativeContext() {
        Library.need();
        long opened = open();
        handle = opened;
        CLEANER.register(this, () -> forget(opened));
    }

    void set(int option, int value) {
        set(handle, option, value);
    }

    int get(int option) {
        return get(handle, option);
    }

    void shutdown() {
        // First: whatever ends because of it finds this set.
        terminated.set(true);
        shutdown(handle);
    }

    void term() {
        term(handle);
    }

    NativeSocket socket(int type) {
        return new NativeSocket(socket(handle, type), terminated);
    }

    private static native long open();

    private static native void forget(long handle);

    // Methods of the object, so that it cannot be forgotten while one of them runs.

    private native void set(long handle, int option, int value);

    private native int get(long handle, int option);

    private native void shutdown(long handle);

    private native void term(long handle);

    private native long socket(long handle, int type);
}
