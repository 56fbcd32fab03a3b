// The names that JeroMQ's programs find in ZMQ.
package io.ohmq;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Flags, the version, and the classes that JeroMQ has here. */
public final class ZMQ {
    /** A flag: do not wait. */
    public static final int DONTWAIT = 1;

    /** A flag: do not wait. */
    public static final int NOBLOCK = DONTWAIT;

    /** A flag: more frames of the message follow. */
    public static final int SNDMORE = 2;

    /** How text becomes bytes. */
    public static final Charset CHARSET = StandardCharsets.UTF_8;

    /** The subscription to everything. */
    public static final byte[] SUBSCRIPTION_ALL = {};

    private ZMQ() {}

    /** The version of this library, such as 0.1.0. */
    public static String getVersionString() {
        return Library.VERSION;
    }

    /** Where the native library is looked for in the jar, such as linux-x86_64. */
    public static String getPlatform() {
        return Library.platform();
    }

    /** Waits so many seconds, or until the thread is interrupted. */
    public static void sleep(long seconds) {
        sleep(seconds, TimeUnit.SECONDS);
    }

    /** Waits so many milliseconds, or until the thread is interrupted. */
    public static void msleep(long milliseconds) {
        sleep(milliseconds, TimeUnit.MILLISECONDS);
    }

    /** Waits that long, or until the thread is interrupted; it stays marked as interrupted. */
    public static void sleep(long amount, TimeUnit unit) {
        try {
            unit.sleep(amount);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
        }
    }

    /** A socket. */
    public static final class Socket extends io.ohmq.Socket {
        Socket(ZContext context, SocketType type, NativeSocket peer) {
            super(context, type, peer);
        }
    }

    /**
     * Waits for several sockets at once; each is known by the index that {@link #register} gave. One thread at a time
     * uses a poller.
     */
    public static class Poller implements AutoCloseable {
        /** A message can be received without waiting. */
        public static final int POLLIN = 1;

        /** A message can be sent without waiting. */
        public static final int POLLOUT = 2;

        /** Never reported: a socket that fails raises an exception. */
        public static final int POLLERR = 4;

        private record Item(io.ohmq.Socket socket, int events) {
            boolean holdsFrames() {
                return (events & POLLIN) != 0 && socket.holdsFrames();
            }
        }

        /** Indexes stay what they are: a socket that was taken out leaves a null. */
        private final List<Item> items;
        private final List<Integer> free = new ArrayList<>();
        private int[] ready = {};
        private long timeout = -1;

        Poller(int size) {
            items = new ArrayList<>(Math.max(0, size));
        }

        /** Watches a socket for messages to receive; returns its index. */
        public int register(io.ohmq.Socket socket) {
            return register(socket, POLLIN);
        }

        /** Watches a socket for these events; returns its index. */
        public int register(io.ohmq.Socket socket, int events) {
            Item item = new Item(socket, events);
            if (free.isEmpty()) {
                items.add(item);
                return items.size() - 1;
            }
            int index = free.remove(free.size() - 1);
            items.set(index, item);
            return index;
        }

        /** Watches a socket no more. */
        public void unregister(io.ohmq.Socket socket) {
            for (int index = 0; index < items.size(); index++) {
                Item item = items.get(index);
                if (item != null && item.socket == socket) {
                    items.set(index, null);
                    free.add(index);
                    // The next socket with this index was not found ready by the last poll.
                    if (index < ready.length) {
                        ready[index] = 0;
                    }
                }
            }
        }

        /** How long {@link #poll()} waits, in milliseconds; −1, as at first, is for ever. */
        public void setTimeout(long milliseconds) {
            timeout = milliseconds;
        }

        /** How long {@link #poll()} waits. */
        public long getTimeout() {
            return timeout;
        }

        /** Waits until a socket is ready; returns how many are. */
        public int poll() {
            return poll(timeout);
        }

        /** Waits until a socket is ready, at most that long; null is for ever. Returns how many are ready. */
        public int poll(Duration timeout) {
            return poll(io.ohmq.Socket.milliseconds(timeout));
        }

        /** Waits until a socket is ready, at most so many milliseconds; −1 is for ever. Returns how many are ready. */
        public int poll(long milliseconds) {
            List<Integer> indexes = new ArrayList<>();
            boolean holding = false;
            for (int index = 0; index < items.size(); index++) {
                Item item = items.get(index);
                if (item != null) {
                    indexes.add(index);
                    holding |= item.holdsFrames();
                }
            }
            ready = new int[items.size()];
            NativeSocket[] sockets = new NativeSocket[indexes.size()];
            int[] events = new int[sockets.length];
            for (int at = 0; at < sockets.length; at++) {
                Item item = items.get(indexes.get(at));
                sockets[at] = item.socket.peer();
                events[at] = item.events;
            }
            int[] found = new int[sockets.length];
            wait(sockets, events, found, holding ? 0 : milliseconds);
            int count = 0;
            for (int at = 0; at < found.length; at++) {
                int index = indexes.get(at);
                ready[index] = found[at] | (items.get(index).holdsFrames() ? POLLIN : 0);
                count += ready[index] == 0 ? 0 : 1;
            }
            return count;
        }

        private static void wait(NativeSocket[] sockets, int[] events, int[] found, long milliseconds) {
            if (sockets.length > 0) {
                Waits.poll(sockets, events, found, milliseconds);
                return;
            }
            try {
                Thread.sleep(milliseconds < 0 ? Long.MAX_VALUE : milliseconds);
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
                throw Waits.interrupted("poll");
            }
        }

        /** Whether the last poll found the socket with this index ready to receive. */
        public boolean pollin(int index) {
            return is(index, POLLIN);
        }

        /** Whether the last poll found the socket with this index ready to send. */
        public boolean pollout(int index) {
            return is(index, POLLOUT);
        }

        /** False. */
        public boolean pollerr(int index) {
            return is(index, POLLERR);
        }

        /** What the last poll found the socket with this index ready for. */
        public int ready(int index) {
            return index >= 0 && index < ready.length ? ready[index] : 0;
        }

        /** The socket with this index; null when there is none. */
        public io.ohmq.Socket getSocket(int index) {
            Item item = index >= 0 && index < items.size() ? items.get(index) : null;
            return item == null ? null : item.socket;
        }

        /** How many sockets it watches. */
        public int getSize() {
            return items.size() - free.size();
        }

        /** Watches nothing any more. The sockets stay open. */
        @Override
        public void close() {
            items.clear();
            free.clear();
            ready = new int[0];
        }

        private boolean is(int index, int event) {
            return (ready(index) & event) != 0;
        }
    }
}
