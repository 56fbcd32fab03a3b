// Lets Thread.interrupt end a wait inside the native library, at once.
package io.ohmq;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;

/**
 * One wait of this thread on a socket. Java tells selectors, and nobody else, that a thread blocked in them is
 * interrupted; so this is a selector in that one respect.
 *
 * <p>The engine ends a call for an interrupt of the socket since a mark. Whoever waits takes the mark, then asks whether
 * it {@link #happened}, then makes the call: so no interrupt falls between the question and the sleep.
 */
final class Interruption extends AbstractSelector {
    private final NativeSocket socket;
    private volatile boolean happened;

    private Interruption(NativeSocket socket) {
        super(null);
        this.socket = socket;
    }

    /** Begins a wait; {@link #over} ends it. */
    static Interruption during(NativeSocket socket) {
        Interruption interruption = new Interruption(socket);
        interruption.begin();
        return interruption;
    }

    /** Whether the thread was interrupted. It stays marked as interrupted. */
    boolean happened() {
        return happened;
    }

    /** Java does not call {@link #wakeup} any more once this has returned. */
    void over() {
        end();
    }

    /** Java calls this when the thread is interrupted, on the thread that does it. */
    @Override
    public Selector wakeup() {
        // In this order: who has missed the one finds the other.
        happened = true;
        socket.interrupt();
        return this;
    }

    @Override
    protected void implCloseSelector() {}

    @Override
    protected SelectionKey register(AbstractSelectableChannel channel, int operations, Object attachment) {
        throw new UnsupportedOperationException(SelectableChannel.class.getName());
    }

    @Override
    public Set<SelectionKey> keys() {
        return Set.of();
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
        return Set.of();
    }

    @Override
    public int selectNow() {
        return 0;
    }

    @Override
    public int select(long milliseconds) {
        return 0;
    }

    @Override
    public int select() {
        return 0;
    }
}
