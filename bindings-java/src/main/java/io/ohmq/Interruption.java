// Lets Thread.interrupt end a wait inside the native library, at once.
package io.ohmq;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * One wait of this thread on a socket. Java tells selectors, and nobody else, that a thread blocked in them is
 * interrupted; so this is a selector in that one respect.
 */
final class Interruption extends AbstractSelector {
    /** Runs things a moment later. */
    private static final Executor SOON = CompletableFuture.delayedExecutor(2, TimeUnit.MILLISECONDS);

    private final NativeSocket socket;
    private volatile boolean happened;
    private volatile boolean over;

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

    void over() {
        over = true;
        end();
    }

    /** Java calls this when the thread is interrupted, on the thread that does it. */
    @Override
    public Selector wakeup() {
        happened = true;
        knock();
        return this;
    }

    /**
     * The engine wakes who waits now. A thread that has looked at {@link #happened} and does not wait yet would miss
     * it: so it is repeated until the wait is over.
     */
    private void knock() {
        if (!over) {
            socket.interrupt();
            SOON.execute(this::knock);
        }
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
