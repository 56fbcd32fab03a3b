// The native side of pollers.
package io.ohmq;

import java.lang.ref.Reference;

/** Waiting for several sockets at once. */
final class NativePoll {
    private NativePoll() {}

    /**
     * Puts what each socket is ready for into {@code ready}; says how many are. Milliseconds: −1 is for ever. An
     * interrupt of the first socket since {@code mark} ends it with EINTR.
     */
    static int waitFor(NativeSocket[] sockets, int[] events, int[] ready, long milliseconds, long mark) {
        long[] handles = new long[sockets.length];
        for (int at = 0; at < handles.length; at++) {
            handles[at] = sockets[at].handle;
        }
        try {
            return waitFor(handles, events, ready, milliseconds, mark);
        } finally {
            Reference.reachabilityFence(sockets);
        }
    }

    private static native int waitFor(long[] sockets, int[] events, int[] ready, long milliseconds, long mark);
}
