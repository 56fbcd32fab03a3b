// A poller that knows sockets by themselves, and may call a handler for each.
package io.ohmq;

import java.util.HashMap;
import java.util.Map;

/** Waits for several sockets at once. One thread at a time uses a poller. */
public class ZPoller implements AutoCloseable {
    /** A message can be received without waiting. */
    public static final int POLLIN = ZMQ.Poller.POLLIN;

    /** A message can be sent without waiting. */
    public static final int POLLOUT = ZMQ.Poller.POLLOUT;

    /** The same as {@link #POLLIN}. */
    public static final int IN = POLLIN;

    /** The same as {@link #POLLOUT}. */
    public static final int OUT = POLLOUT;

    /** What happens when a socket is ready. */
    @FunctionalInterface
    public interface EventsHandler {
        /** Handles the events of a socket; false keeps them from the handlers after this one. */
        boolean events(Socket socket, int events);
    }

    private record Entry(int index, EventsHandler handler) {}

    private final ZMQ.Poller poller;
    private final Map<Socket, Entry> entries = new HashMap<>();

    /** A poller that watches nothing. */
    public ZPoller(ZContext context) {
        poller = context.createPoller(4);
    }

    /** Watches a socket for these events. */
    public boolean register(Socket socket, int events) {
        return register(socket, null, events);
    }

    /** Watches a socket for these events, which {@link #poll(long)} gives to the handler. */
    public boolean register(Socket socket, EventsHandler handler, int events) {
        unregister(socket);
        entries.put(socket, new Entry(poller.register(socket, events), handler));
        return true;
    }

    /** Watches a socket no more; says whether it was watched. */
    public boolean unregister(Socket socket) {
        poller.unregister(socket);
        return entries.remove(socket) != null;
    }

    /**
     * Waits until a socket is ready, at most so many milliseconds; −1 is for ever. Then it calls the handlers of those that
     * are, on this thread. Returns how many are ready; −1 when a handler answered false.
     */
    public int poll(long milliseconds) {
        return poll(milliseconds, true);
    }

    /** As {@link #poll(long)}; without {@code dispatch} it leaves the handlers to {@link #dispatch()}. */
    public int poll(long milliseconds, boolean dispatch) {
        int count = poller.poll(milliseconds);
        return dispatch && !dispatch() ? -1 : count;
    }

    /** Gives what the last poll found to the handlers; false when one of them answered false. */
    public boolean dispatch() {
        for (Map.Entry<Socket, Entry> each : Map.copyOf(entries).entrySet()) {
            Entry entry = each.getValue();
            int events = poller.ready(entry.index);
            if (events != 0 && entry.handler != null && !entry.handler.events(each.getKey(), events)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the last poll found the socket ready to receive. */
    public boolean isReadable(Socket socket) {
        return (ready(socket) & POLLIN) != 0;
    }

    /** Whether the last poll found the socket ready to send. */
    public boolean isWritable(Socket socket) {
        return (ready(socket) & POLLOUT) != 0;
    }

    /** The same as {@link #isReadable}. */
    public boolean pollin(Socket socket) {
        return isReadable(socket);
    }

    /** The same as {@link #isWritable}. */
    public boolean pollout(Socket socket) {
        return isWritable(socket);
    }

    /** Watches nothing any more. The sockets stay open. */
    @Override
    public void close() {
        poller.close();
        entries.clear();
    }

    private int ready(Socket socket) {
        Entry entry = entries.get(socket);
        return entry == null ? 0 : poller.ready(entry.index);
    }
}
