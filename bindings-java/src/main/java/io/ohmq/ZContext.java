// The context.
package io.ohmq;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Makes sockets, owns them, and closes them with itself. All its methods may be called from any thread.
 */
public class ZContext implements AutoCloseable {
    /** Where nothing else is said, what closed sockets have not sent yet is given up after this many milliseconds. */
    private static final int LINGER = 1000;

    private final NativeContext peer = new NativeContext();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile int linger = LINGER;
    private volatile int sndHWM = -1;
    private volatile int rcvHWM = -1;

    /** A context with one I/O thread. */
    public ZContext() {}

    /** A context with that many I/O threads. */
    public ZContext(int ioThreads) {
        setIoThreads(ioThreads);
    }

    /** Makes a socket. */
    public ZMQ.Socket createSocket(SocketType type) {
        return createSocket(type.type());
    }

    /** Makes a socket of the type with this number. */
    public ZMQ.Socket createSocket(int type) {
        if (isClosed()) {
            throw ZMQException.of(ErrorCode.ETERM, "socket", "of a closed context");
        }
        NativeSocket made = peer.socket(type);
        ZMQ.Socket socket = new ZMQ.Socket(this, SocketType.type(type), made);
        sockets.add(socket);
        // Who closes the context looks for sockets after it has said so: it may have missed this one.
        if (isClosed()) {
            socket.close();
            throw ZMQException.of(ErrorCode.ETERM, "socket", "of a closed context");
        }
        if (sndHWM >= 0) {
            socket.setSndHWM(sndHWM);
        }
        if (rcvHWM >= 0) {
            socket.setRcvHWM(rcvHWM);
        }
        return socket;
    }

    /** Closes a socket; the same as {@link Socket#close}. */
    public void destroySocket(Socket socket) {
        if (socket != null) {
            socket.close();
        }
    }

    /** Makes a poller; it grows as needed. */
    public ZMQ.Poller createPoller(int size) {
        return new ZMQ.Poller(size);
    }

    /** The sockets that are open. */
    public List<Socket> getSockets() {
        return new ArrayList<>(sockets);
    }

    /** Whether it has no open sockets. */
    public boolean isEmpty() {
        return sockets.isEmpty();
    }

    /** Whether it was closed. */
    public boolean isClosed() {
        return closed.get();
    }

    /** How long sockets whose {@code LINGER} was never set go on sending after their end, in milliseconds. */
    public int getLinger() {
        return linger;
    }

    /**
     * Sets how long sockets whose {@code LINGER} was never set go on sending after their end: 1000 ms at first (0 in
     * JeroMQ), −1 for ever, and then {@link #close} may wait for ever too. It counts for sockets that are closed later,
     * or shut down.
     *
     * @throws ZMQException.InvalidArgument below −1
     */
    public void setLinger(int milliseconds) {
        if (milliseconds < -1) {
            throw ZMQException.of(ErrorCode.EINVAL, "set", "linger of the context: " + milliseconds);
        }
        linger = milliseconds;
    }

    /** Sets {@code SNDHWM} of sockets made later. */
    public void setSndHWM(int messages) {
        sndHWM = messages;
    }

    /** Sets {@code RCVHWM} of sockets made later. */
    public void setRcvHWM(int messages) {
        rcvHWM = messages;
    }

    /** How many threads serve the connections. */
    public int getIoThreads() {
        return getContextOption(ContextOption.IO_THREADS);
    }

    /** Sets how many threads serve the connections. Works before the first bind or connect. */
    public void setIoThreads(int count) {
        setContextOption(ContextOption.IO_THREADS, count);
    }

    /** How many sockets it may have at once. */
    public int getMaxSockets() {
        return getContextOption(ContextOption.MAX_SOCKETS);
    }

    /** Sets how many sockets it may have at once. */
    public void setMaxSockets(int count) {
        setContextOption(ContextOption.MAX_SOCKETS, count);
    }

    /** Reads an option. */
    public int getContextOption(ContextOption option) {
        return getContextOption(option.id());
    }

    /** Reads an option by its number. */
    public int getContextOption(int option) {
        return peer.get(option);
    }

    /** Sets an option. */
    public void setContextOption(ContextOption option, int value) {
        setContextOption(option.id(), value);
    }

    /** Sets an option by its number. */
    public void setContextOption(int option, int value) {
        peer.set(option, value);
    }

    /**
     * Ends the work of all sockets: every call on them, blocked ones included, raises
     * {@link ZMQException.ContextTerminated}. Only closing works. Never waits.
     */
    public void shutdown() {
        if (!isClosed()) {
            endWork();
        }
    }

    /** In this order: no option can be set after the end, and who lingers for ever keeps {@link #close} for ever. */
    private void endWork() {
        sockets.forEach(Socket::applyLinger);
        peer.shutdown();
    }

    /**
     * Closes all sockets and waits until they have sent what they had, or their linger time is over. Calls blocked on
     * them in other threads end with {@link ZMQException.ContextTerminated}. When the waiting thread is interrupted,
     * the rest happens in the background. Closing twice is fine.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        endWork();
        try {
            closeSockets();
        } finally {
            awaitEnd();
        }
    }

    /** Closes every socket, also after one that failed; raises what the first one failed with. */
    private void closeSockets() {
        Throwable first = null;
        for (Socket each : List.copyOf(sockets)) {
            try {
                each.close();
            } catch (RuntimeException | Error failure) {
                first = first == null ? failure : first;
            }
        }
        if (first != null) {
            throw Waits.raised(first);
        }
    }

    private void awaitEnd() {
        try {
            Waits.onBehalf(() -> {
                peer.term();
                return true;
            });
        } catch (ZMQException.InterruptedSystemCall goesOn) {
            // The thread stays marked as interrupted.
        }
    }

    /** The same as {@link #close}. */
    public void destroy() {
        close();
    }

    void forget(Socket socket) {
        sockets.remove(socket);
    }
}
