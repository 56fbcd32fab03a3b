// The socket.
package io.ohmq;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A ZeroMQ socket, made by {@link ZContext#createSocket(SocketType)}.
 *
 * <p>It has two faces. The methods with JeroMQ's names move frames and answer null or false when the time is over, with
 * {@link #errno} telling EAGAIN. The others move whole {@link Message}s, take a {@link Duration} where they wait, or give
 * a {@link CompletableFuture}; they raise {@link ZMQException.Again} when the time is over.
 *
 * <p>Whole messages may be sent and received from any thread at any time; frame by frame, one thread at a time. A call
 * that waits ends within 100 ms when its thread is interrupted, with {@link ZMQException.InterruptedSystemCall}: nothing
 * is lost, the thread stays marked as interrupted and the socket lives on. On a closed socket every call raises
 * {@link ZMQException.NotASocket}. The end of the context ends calls that wait, and futures, with
 * {@link ZMQException.ContextTerminated}.
 */
public class Socket implements SocketOptions, AutoCloseable {
    private final ZContext context;
    private final SocketType type;
    private final NativeSocket peer;
    private final Futures futures;
    private final Parts parts = new Parts();
    private volatile boolean lingerChosen;
    private volatile int errno;

    Socket(ZContext context, SocketType type, NativeSocket peer) {
        this.context = context;
        this.type = type;
        this.peer = peer;
        this.futures = new Futures(peer);
    }

    // Endpoints

    /**
     * Listens on an endpoint; {@link #getLastEndpoint} then tells it with wildcards resolved.
     *
     * @return true
     */
    public boolean bind(String endpoint) {
        peer.bind(endpoint);
        return true;
    }

    /** Binds {@code tcp://HOST} to a port that the system chooses; returns the port. */
    public int bindToRandomPort(String address) {
        String bound = peer.bind(address + ":*");
        return Integer.parseInt(bound.substring(bound.lastIndexOf(':') + 1));
    }

    /** Binds {@code tcp://HOST} to some free port from {@code min} to {@code max}; returns the port. */
    public int bindToRandomPort(String address, int min, int max) {
        int count = max - min + 1;
        int first = ThreadLocalRandom.current().nextInt(count);
        for (int tried = 0; tried < count; tried++) {
            int port = min + (first + tried) % count;
            try {
                peer.bind(address + ":" + port);
                return port;
            } catch (ZMQException.AddressInUse taken) {
                // The next one may be free.
            }
        }
        throw ZMQException.of(ErrorCode.EADDRINUSE, "bind", address + ": no free port from " + min + " to " + max);
    }

    /**
     * Connects, now or as soon as somebody binds the endpoint, and again whenever the connection is lost.
     *
     * @return true
     */
    public boolean connect(String endpoint) {
        peer.connect(endpoint);
        return true;
    }

    /** Undoes {@link #bind}; wildcards want the resolved form. */
    public boolean unbind(String endpoint) {
        peer.unbind(endpoint);
        return true;
    }

    /** Undoes {@link #connect}. */
    public boolean disconnect(String endpoint) {
        peer.disconnect(endpoint);
        return true;
    }

    // Whole messages

    /**
     * Sends a message, waiting for room as long as {@code SNDTIMEO} says.
     *
     * @throws ZMQException.Again when the time is over; nothing was sent
     */
    public void send(Message message) {
        if (!trySend(message) && !sendWaiting(message.body(), getSendTimeOut())) {
            throw again("send");
        }
    }

    /**
     * Sends a message, waiting at most that long for room; null waits for ever.
     *
     * @throws ZMQException.Again when the time is over; nothing was sent
     */
    public void send(Message message, Duration timeout) {
        if (!trySend(message) && !sendWaiting(message.body(), milliseconds(timeout))) {
            throw again("send");
        }
    }

    /** Sends a message if there is room now. */
    public boolean trySend(Message message) {
        return peer.trySend(message.body());
    }

    /**
     * Sends messages in order as long as there is room now, in one step.
     *
     * @return how many were sent
     */
    public int sendMany(Collection<Message> messages) {
        Object[] bodies = new Object[messages.size()];
        int at = 0;
        for (Message message : messages) {
            bodies[at++] = message.body();
        }
        return peer.sendMany(bodies);
    }

    /**
     * Sends a message when there is room. Cancelled before that, it is never sent; once it is sent, it cannot be
     * cancelled. What is attached to the future runs on a thread of its own.
     */
    public CompletableFuture<Void> sendAsync(Message message) {
        return futures.send(message.body(), false);
    }

    /**
     * Receives a message, waiting as long as {@code RCVTIMEO} says.
     *
     * @throws ZMQException.Again when the time is over
     */
    public Message receive() {
        Object body = receiveBody(peer.tryReceive(), SocketOption.RCVTIMEO);
        if (body == null) {
            throw again("receive");
        }
        return new Message(body);
    }

    /**
     * Receives a message, waiting at most that long; null waits for ever.
     *
     * @throws ZMQException.Again when the time is over
     */
    public Message receive(Duration timeout) {
        Object body = receiveWaiting(peer.tryReceive(), milliseconds(timeout));
        if (body == null) {
            throw again("receive");
        }
        return new Message(body);
    }

    /** Receives a message if there is one now. */
    public Optional<Message> tryReceive() {
        return Optional.ofNullable(peer.tryReceive()).map(Message::new);
    }

    /** Receives the messages that are here now, at most {@code max}, in one step; none is an empty list. */
    public List<Message> receiveMany(int max) {
        Object[] bodies = peer.receiveMany(max);
        List<Message> messages = new ArrayList<>(bodies.length);
        for (Object body : bodies) {
            messages.add(new Message(body));
        }
        return messages;
    }

    /**
     * Receives a message when there is one. Futures of one socket get messages in the order they were asked for.
     * Cancelling loses nothing: a future that could be cancelled had no message, and the next receive gets it. What is
     * attached to the future runs on a thread of its own.
     */
    public CompletableFuture<Message> receiveAsync() {
        return futures.receive(false);
    }

    // Frames, as in JeroMQ

    /** Sends text in UTF-8; false when the time is over. */
    public boolean send(String text) {
        return send(text, 0);
    }

    /** Sends text in UTF-8, with {@link ZMQ#DONTWAIT}, {@link ZMQ#SNDMORE}, or both. */
    public boolean send(String text, int flags) {
        return send(text.getBytes(StandardCharsets.UTF_8), flags);
    }

    /** Sends bytes; false when the time is over. */
    public boolean send(byte[] data) {
        return send(data, 0);
    }

    /**
     * Sends bytes, with {@link ZMQ#DONTWAIT}, {@link ZMQ#SNDMORE}, or both. A message goes out with its last frame; when
     * that answers false, its earlier frames are still kept, and it may be tried again.
     */
    public boolean send(byte[] data, int flags) {
        java.util.Objects.requireNonNull(data, "a frame");
        if ((flags & ZMQ.SNDMORE) != 0) {
            parts.add(data);
            return true;
        }
        return sendBody(data, flags);
    }

    /** Sends a part of an array. */
    public boolean send(byte[] data, int offset, int length, int flags) {
        return send(java.util.Arrays.copyOfRange(data, offset, offset + length), flags);
    }

    /** Sends text that is not the last frame of its message. */
    public boolean sendMore(String text) {
        return send(text, ZMQ.SNDMORE);
    }

    /** Sends bytes that are not the last frame of their message. */
    public boolean sendMore(byte[] data) {
        return send(data, ZMQ.SNDMORE);
    }

    /** Sends what is left in the buffer; how many bytes, or −1 when the time is over. */
    public int sendByteBuffer(ByteBuffer data, int flags) {
        byte[] copy = new byte[data.remaining()];
        data.duplicate().get(copy);
        if (!send(copy, flags)) {
            return -1;
        }
        data.position(data.limit());
        return copy.length;
    }

    /** Receives a frame; null when the time is over. */
    public byte[] recv() {
        return recv(0);
    }

    /** Receives a frame, with {@link ZMQ#DONTWAIT} or 0; null when the time is over. */
    public byte[] recv(int flags) {
        byte[] frame = parts.next();
        if (frame != null) {
            return frame;
        }
        Object body = receiveBody(flags);
        return body == null ? null : parts.received(body);
    }

    /**
     * Receives a frame into an array, cutting what does not fit; how many bytes were written, or −1 when the time is over.
     *
     * @throws IndexOutOfBoundsException when the array has no such part; nothing was received
     */
    public int recv(byte[] buffer, int offset, int length, int flags) {
        java.util.Objects.checkFromIndexSize(offset, length, buffer.length);
        byte[] frame = recv(flags);
        if (frame == null) {
            return -1;
        }
        int fitting = Math.min(length, frame.length);
        System.arraycopy(frame, 0, buffer, offset, fitting);
        return fitting;
    }

    /** Receives a frame as UTF-8 text; null when the time is over. */
    public String recvStr() {
        return recvStr(0);
    }

    /** Receives a frame as UTF-8 text, with {@link ZMQ#DONTWAIT} or 0; null when the time is over. */
    public String recvStr(int flags) {
        byte[] frame = recv(flags);
        return frame == null ? null : new String(frame, StandardCharsets.UTF_8);
    }

    /**
     * Receives a frame into a buffer, cutting what does not fit; how many bytes, or −1 when the time is over.
     *
     * @throws ReadOnlyBufferException when the buffer cannot be written to; nothing was received
     */
    public int recvByteBuffer(ByteBuffer buffer, int flags) {
        if (buffer.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        byte[] frame = recv(flags);
        if (frame == null) {
            return -1;
        }
        int fitting = Math.min(buffer.remaining(), frame.length);
        buffer.put(frame, 0, fitting);
        return fitting;
    }

    /** Whether the frame received last has a successor in its message. */
    public boolean hasReceiveMore() {
        return parts.more();
    }

    /** The number of the error that the last null or false of a frame method stood for: EAGAIN, or 0 before. */
    public int errno() {
        return errno;
    }

    // Subscriptions

    /** Receives messages whose first frame begins with these bytes from now on; none is everything. */
    public boolean subscribe(byte[] topic) {
        setSocketOption(SocketOption.SUBSCRIBE, topic);
        return true;
    }

    /** Receives messages whose first frame begins with this text from now on; "" is everything. */
    public boolean subscribe(String topic) {
        return subscribe(topic.getBytes(StandardCharsets.UTF_8));
    }

    /** Undoes one {@link #subscribe(byte[])}. */
    public boolean unsubscribe(byte[] topic) {
        setSocketOption(SocketOption.UNSUBSCRIBE, topic);
        return true;
    }

    /** Undoes one {@link #subscribe(String)}. */
    public boolean unsubscribe(String topic) {
        return unsubscribe(topic.getBytes(StandardCharsets.UTF_8));
    }

    // Readiness

    /** Waits until something of {@code events} is possible: the {@link ZMQ.Poller} bits, 0 when the time is over. */
    public int poll(int events, Duration timeout) {
        int held = holdsFrames() ? events & ZMQ.Poller.POLLIN : 0;
        int[] ready = {0};
        Waits.poll(new NativeSocket[] {peer}, new int[] {events}, ready, held != 0 ? 0 : milliseconds(timeout));
        return ready[0] | held;
    }

    /** As {@link #poll(int, Duration)}, in milliseconds; −1 waits for ever. */
    public int poll(int events, long timeout) {
        return poll(events, timeout < 0 ? null : Duration.ofMillis(timeout));
    }

    /** What is possible now, of {@link ZMQ.Poller#POLLIN} and {@link ZMQ.Poller#POLLOUT}. */
    @Override
    public int getEvents() {
        return peer.events() | (parts.more() ? ZMQ.Poller.POLLIN : 0);
    }

    // Options

    @Override
    public Object getSocketOption(SocketOption option) {
        return getSocketOption(option.id());
    }

    /** Reads an option by its number. */
    public Object getSocketOption(int option) {
        return peer.get(option);
    }

    @Override
    public void setSocketOption(SocketOption option, Object value) {
        setSocketOption(option.id(), value);
    }

    /** Sets {@code SNDHWM} and {@code RCVHWM}. */
    public boolean setHWM(int messages) {
        return setSndHWM(messages) && setRcvHWM(messages);
    }

    /** Sets an option by its number. */
    public void setSocketOption(int option, Object value) {
        peer.set(option, value);
        lingerChosen |= option == SocketOption.LINGER.id();
    }

    /** The type it was made with. */
    public SocketType getSocketType() {
        return type;
    }

    /**
     * What went through the socket, by the names of the counters. At every quiet moment {@code sent_accepted} is the sum of
     * {@code sent_delivered}, {@code sent_queued} and all {@code sent_dropped_…}, and the same for {@code recv_…}.
     */
    public Map<String, Long> stats() {
        long[] values = peer.statistics();
        Map<String, Long> stats = new LinkedHashMap<>();
        for (int at = 0; at < values.length; at++) {
            stats.put(Names.ALL[at], values[at]);
        }
        return Collections.unmodifiableMap(stats);
    }

    /** Asked for once: the names never change. */
    private static final class Names {
        static final String[] ALL = NativeSocket.statisticsNames();
    }

    // End

    /**
     * Closes the socket. Never waits: what is queued is sent in the background for the time that {@code LINGER} says, or,
     * where that was not set, {@link ZContext#getLinger}. Closing twice is fine.
     */
    @Override
    public void close() {
        applyLinger();
        peer.close();
        try {
            futures.proceed();
        } finally {
            context.forget(this);
        }
    }

    /** Gives a socket that would linger for ever, because nobody thought of it, the time its context allows. */
    void applyLinger() {
        if (lingerChosen) {
            return;
        }
        try {
            if (getLinger() < 0) {
                setLinger(context.getLinger());
            }
        } catch (ZMQException closedOrTerminated) {
            // Then there is nothing left to limit.
        }
    }

    @Override
    public String toString() {
        return type + " socket";
    }

    NativeSocket peer() {
        return peer;
    }

    /** Frames of a message that was received in part are as good as a message that waits. */
    boolean holdsFrames() {
        return parts.more();
    }

    // How the frame methods and ZMsg send and receive

    /** Sends what ends a message; false when the time is over, and then {@link #errno} tells it. */
    boolean sendBody(Object last, int flags) {
        Object body = parts.ending(last);
        boolean wait = (flags & ZMQ.DONTWAIT) == 0;
        boolean sent = false;
        try {
            sent = peer.trySend(body) || wait && sendWaiting(body, getSendTimeOut());
        } catch (ZMQException failure) {
            errno = failure.getErrorCode();
            if (!(failure instanceof ZMQException.InterruptedSystemCall)) {
                parts.sent();
            }
            throw failure;
        }
        if (sent) {
            parts.sent();
        } else {
            errno = ErrorCode.EAGAIN.getCode();
        }
        return sent;
    }

    /** The rest of the message received in part, or the next one; null when the time is over. */
    Object receiveBodyOrRest(int flags) {
        Object rest = parts.rest();
        return rest == null ? receiveBody(flags) : rest;
    }

    private Object receiveBody(int flags) {
        try {
            Object body = peer.tryReceive();
            if ((flags & ZMQ.DONTWAIT) == 0) {
                body = receiveBody(body, SocketOption.RCVTIMEO);
            }
            if (body == null) {
                errno = ErrorCode.EAGAIN.getCode();
            }
            return body;
        } catch (ZMQException failure) {
            errno = failure.getErrorCode();
            throw failure;
        }
    }

    private Object receiveBody(Object now, SocketOption timeout) {
        return now != null ? now : receiveWaiting(null, ((Number) getSocketOption(timeout)).longValue());
    }

    private Object receiveWaiting(Object now, long milliseconds) {
        return now != null || milliseconds == 0 ? now : Waits.receive(peer, futures, milliseconds);
    }

    private boolean sendWaiting(Object body, long milliseconds) {
        return milliseconds != 0 && Waits.send(peer, futures, body, milliseconds);
    }

    private ZMQException again(String operation) {
        return ZMQException.of(ErrorCode.EAGAIN, operation, type.name());
    }

    /** Null is for ever; a part of a millisecond counts as a whole one, so that no wait is shorter than asked for. */
    static long milliseconds(Duration timeout) {
        if (timeout == null) {
            return Waits.FOREVER;
        }
        if (timeout.isNegative()) {
            return 0;
        }
        try {
            return timeout.plusNanos(999_999).toMillis();
        } catch (ArithmeticException beyondAllClocks) {
            return Waits.FOREVER;
        }
    }
}
