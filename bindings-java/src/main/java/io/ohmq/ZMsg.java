// A message as a queue of frames, as in JeroMQ.
package io.ohmq;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A message being put together or taken apart. An empty queue answers null where JeroMQ's does. */
public class ZMsg extends ArrayDeque<ZFrame> {
    private static final long serialVersionUID = 1L;

    /** A message without frames. */
    public ZMsg() {}

    /** A message of texts. */
    public static ZMsg newStringMsg(String... texts) {
        ZMsg message = new ZMsg();
        for (String text : texts) {
            message.add(text);
        }
        return message;
    }

    /** The frames of a {@link Message}. */
    public static ZMsg of(Message message) {
        ZMsg result = new ZMsg();
        for (int index = 0; index < message.size(); index++) {
            result.add(new ZFrame(message.frame(index), index + 1 < message.size()));
        }
        return result;
    }

    /** Receives a message; null when the time is over. */
    public static ZMsg recvMsg(Socket socket) {
        return recvMsg(socket, 0);
    }

    /** Receives a message, waiting or not; null when there is none in time. */
    public static ZMsg recvMsg(Socket socket, boolean wait) {
        return recvMsg(socket, wait ? 0 : ZMQ.DONTWAIT);
    }

    /** Receives a message, with {@link ZMQ#DONTWAIT} or 0; null when the time is over. */
    public static ZMsg recvMsg(Socket socket, int flags) {
        Object body = socket.receiveBodyOrRest(flags);
        return body == null ? null : of(new Message(body));
    }

    /**
     * Sends the message and empties it; false, and nothing changed, when the time is over. Frames that were sent with
     * {@link ZMQ#SNDMORE} before come first, as for all that JeroMQ's names send.
     */
    public boolean send(Socket socket) {
        return send(socket, true);
    }

    /** Sends the message; false when the time is over. Without frames it sends nothing, and answers true. */
    public boolean send(Socket socket, boolean destroy) {
        boolean sent = isEmpty() || socket.sendBody(toMessage().body(), 0);
        if (sent && destroy) {
            clear();
        }
        return sent;
    }

    /**
     * The same frames as a {@link Message}.
     *
     * @throws IllegalArgumentException when there are none
     */
    public Message toMessage() {
        List<byte[]> frames = new ArrayList<>(size());
        forEach(frame -> frames.add(frame.getData()));
        return Message.of(frames);
    }

    /** Puts text at the end. */
    public boolean add(String text) {
        return add(new ZFrame(text));
    }

    /** Puts bytes at the end. */
    public boolean add(byte[] data) {
        return add(new ZFrame(data));
    }

    /** Puts text at the end. */
    public ZMsg addString(String text) {
        add(text);
        return this;
    }

    /** Puts text at the end. */
    public ZMsg append(String text) {
        add(text);
        return this;
    }

    /** Puts bytes at the end. */
    public ZMsg append(byte[] data) {
        add(data);
        return this;
    }

    /** Puts text at the end. */
    public void addLast(String text) {
        addLast(new ZFrame(text));
    }

    /** Puts bytes at the end. */
    public void addLast(byte[] data) {
        addLast(new ZFrame(data));
    }

    /** Puts text at the beginning. */
    public void addFirst(String text) {
        addFirst(new ZFrame(text));
    }

    /** Puts bytes at the beginning. */
    public void addFirst(byte[] data) {
        addFirst(new ZFrame(data));
    }

    /** Puts text at the beginning. */
    public void push(String text) {
        addFirst(text);
    }

    /** Puts bytes at the beginning. */
    public void push(byte[] data) {
        addFirst(data);
    }

    /** Takes the first frame; null when there is none. */
    @Override
    public ZFrame pop() {
        return poll();
    }

    /** Takes the first frame as text; null when there is none. */
    public String popString() {
        ZFrame first = pop();
        return first == null ? null : first.getString(StandardCharsets.UTF_8);
    }

    /** Puts a frame and an empty one at the beginning: an envelope. */
    public ZMsg wrap(ZFrame frame) {
        if (frame != null) {
            push(new byte[0]);
            push(frame);
        }
        return this;
    }

    /** Takes the first frame, and an empty one after it if there is one. */
    public ZFrame unwrap() {
        ZFrame first = pop();
        ZFrame second = peek();
        if (second != null && second.hasData() && second.size() == 0) {
            pop();
        }
        return first;
    }

    /** How many bytes its frames have. */
    public long contentSize() {
        return stream().mapToLong(ZFrame::size).sum();
    }

    /** A message with copies of the frames. */
    public ZMsg duplicate() {
        ZMsg copy = new ZMsg();
        forEach(frame -> copy.add(frame.duplicate()));
        return copy;
    }

    /** Takes all frames away. */
    public void destroy() {
        clear();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ZMsg message && new ArrayList<>(this).equals(new ArrayList<>(message));
    }

    @Override
    public int hashCode() {
        return new ArrayList<>(this).hashCode();
    }
}
