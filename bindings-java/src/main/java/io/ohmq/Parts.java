// Frame by frame, as JeroMQ's programs send and receive.
package io.ohmq;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frames between one call and the next. The engine moves whole messages: the frames of one that is being sent are
 * kept until the last, those of one that was received are handed out one by one. One thread at a time uses this.
 */
final class Parts {
    private final List<byte[]> outgoing = new ArrayList<>();
    private byte[][] incoming = {};
    private int next;

    synchronized void add(byte[] frame) {
        outgoing.add(frame);
    }

    /** The body of the message that ends with this body; the frames before it stay until {@link #sent}. */
    synchronized Object ending(Object last) {
        if (outgoing.isEmpty()) {
            return last;
        }
        List<byte[]> frames = new ArrayList<>(outgoing);
        if (last instanceof byte[][] several) {
            frames.addAll(Arrays.asList(several));
        } else {
            frames.add((byte[]) last);
        }
        return frames.toArray(byte[][]::new);
    }

    synchronized void sent() {
        outgoing.clear();
    }

    /** The next frame of the message received before; null when there is none left. */
    synchronized byte[] next() {
        return next < incoming.length ? incoming[next++] : null;
    }

    /** Keeps the frames of a message but the first, which it gives back. */
    synchronized byte[] received(Object body) {
        if (body instanceof byte[][] frames) {
            incoming = frames;
            next = 1;
            return frames[0];
        }
        return (byte[]) body;
    }

    /** All that is left of the message received before, as a body; null when nothing is. */
    synchronized Object rest() {
        if (next >= incoming.length) {
            return null;
        }
        byte[][] left = Arrays.copyOfRange(incoming, next, incoming.length);
        next = incoming.length;
        return left.length == 1 ? left[0] : left;
    }

    synchronized boolean more() {
        return next < incoming.length;
    }
}
