// The native side of a socket.
package io.ohmq;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A socket behind a number, which is never used twice: a call on a closed one is an exception. It is closed when nobody
 * uses it any more. A body is a message as {@link Message} keeps it: a byte[], or a byte[][] of several frames.
 */
final class NativeSocket {
    final long handle;
    private final AtomicBoolean terminated;
    private final Cleaner.Cleanable closing;

    /** @param terminated whether the work of its context's sockets was ended */
    NativeSocket(long handle, AtomicBoolean terminated) {
        this.handle = handle;
        this.terminated = terminated;
        closing = NativeContext.CLEANER.register(this, () -> close(handle));
    }

    void close() {
        closing.clean();
    }

    /** Why a call that waited ended: the end of the context may close the socket before the call hears of it. */
    ZMQException ended(ZMQException failure) {
        return failure instanceof ZMQException.NotASocket && terminated.get()
                ? ZMQException.of(ErrorCode.ETERM, failure.getOperation(), failure.getSubject())
                : failure;
    }

    String bind(String endpoint) {
        return bind(handle, endpoint);
    }

    void connect(String endpoint) {
        connect(handle, endpoint);
    }

    void unbind(String endpoint) {
        unbind(handle, endpoint);
    }

    void disconnect(String endpoint) {
        disconnect(handle, endpoint);
    }

    /** Takes a Boolean, a whole number of at most 64 bits, bytes or text. */
    void set(int option, Object value) {
        if (value instanceof Boolean on) {
            setNumber(handle, option, on ? 1 : 0);
        } else if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
            setNumber(handle, option, ((Number) value).longValue());
        } else if (value instanceof byte[] bytes) {
            setBytes(handle, option, bytes);
        } else if (value instanceof String text) {
            setText(handle, option, text);
        } else {
            String kind = value == null ? "null" : value.getClass().getName();
            throw ZMQException.of(ErrorCode.EINVAL, "set", "option " + option + ": a value of type " + kind);
        }
    }

    /** Gives a Boolean, an Integer, a Long, bytes or text. */
    Object get(int option) {
        long[] number = new long[2];
        Object value = get(handle, option, number);
        if (value != null) {
            return value;
        }
        return switch ((int) number[1]) {
            case 0 -> number[0] != 0;
            case 1 -> (Object) (int) number[0];
            default -> number[0];
        };
    }

    /** Sends; false when the time was over before there was room. An interrupt since {@code mark} ends it with EINTR. */
    boolean send(Object body, long milliseconds, long mark) {
        return body instanceof byte[] bytes
                ? sendFrame(handle, bytes, milliseconds, mark)
                : sendFrames(handle, (byte[][]) body, milliseconds, mark);
    }

    /** Sends if there is room now. */
    boolean trySend(Object body) {
        return send(body, 0, 0);
    }

    int sendMany(Object[] bodies) {
        return sendMany(handle, bodies);
    }

    /**
     * Receives; null when the time was over before there was a message. An interrupt since {@code mark} ends it with
     * EINTR.
     */
    Object receive(long milliseconds, long mark) {
        return receive(handle, milliseconds, mark);
    }

    /** Receives if there is a message now; null when there is none. */
    Object tryReceive() {
        return receive(0, 0);
    }

    Object[] receiveMany(int max) {
        return receiveMany(handle, max);
    }

    int events() {
        return events(handle);
    }

    /** Ends every call that is blocked on the socket now with EINTR, and those with a mark from before. */
    void interrupt() {
        interrupt(handle);
    }

    /** This moment: calls that are given it end for an interrupt after it, whenever they begin. */
    long mark() {
        return mark(handle);
    }

    long[] statistics() {
        return statistics(handle);
    }

    Object watchReceive() {
        return watchReceive(handle);
    }

    boolean watchSend(Object body) {
        return watchSend(handle, body);
    }

    boolean watchSendAgain() {
        return watchSendAgain(handle);
    }

    void giveUpSend() {
        giveUpSend(handle);
    }

    static native String[] statisticsNames();

    private static native void close(long handle);

    // Methods of the object, so that it cannot be closed as forgotten while one of them runs.

    private native String bind(long handle, String endpoint);

    private native void connect(long handle, String endpoint);

    private native void unbind(long handle, String endpoint);

    private native void disconnect(long handle, String endpoint);

    private native void setNumber(long handle, int option, long value);

    private native void setBytes(long handle, int option, byte[] value);

    private native void setText(long handle, int option, String value);

    private native Object get(long handle, int option, long[] number);

    private native boolean sendFrame(long handle, byte[] bytes, long milliseconds, long mark);

    private native boolean sendFrames(long handle, byte[][] frames, long milliseconds, long mark);

    private native int sendMany(long handle, Object[] bodies);

    private native Object receive(long handle, long milliseconds, long mark);

    private native Object[] receiveMany(long handle, int max);

    private native int events(long handle);

    private native void interrupt(long handle);

    private native long mark(long handle);

    private native long[] statistics(long handle);

    private native Object watchReceive(long handle);

    private native boolean watchSend(long handle, Object body);

    private native boolean watchSendAgain(long handle);

    private native void giveUpSend(long handle);
}
