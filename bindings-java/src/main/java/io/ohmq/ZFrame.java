// One frame of a message, as in JeroMQ.
package io.ohmq;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** Bytes that are, were, or will be part of a message. */
public class ZFrame {
    /** A flag: more frames of the message follow. */
    public static final int MORE = ZMQ.SNDMORE;

    /** A flag: do not wait. */
    public static final int DONTWAIT = ZMQ.DONTWAIT;

    /** A flag without effect, as a frame that was sent keeps its bytes anyway. */
    public static final int REUSE = 128;

    private byte[] data;
    private final boolean more;

    /** A frame of these bytes, which it does not copy. */
    public ZFrame(byte[] data) {
        this(data, false);
    }

    ZFrame(byte[] data, boolean more) {
        this.data = data;
        this.more = more;
    }

    /** A frame of text in UTF-8. */
    public ZFrame(String text) {
        this(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Receives a frame; null when the time is over. */
    public static ZFrame recvFrame(Socket socket) {
        return recvFrame(socket, 0);
    }

    /** Receives a frame, with {@link ZMQ#DONTWAIT} or 0; null when the time is over. */
    public static ZFrame recvFrame(Socket socket, int flags) {
        byte[] data = socket.recv(flags);
        return data == null ? null : new ZFrame(data, socket.hasReceiveMore());
    }

    /** Sends it, with {@link ZMQ#DONTWAIT}, {@link ZMQ#SNDMORE}, or both. */
    public boolean send(Socket socket, int flags) {
        return socket.send(data, flags);
    }

    /** The same as {@link #send}: a frame is never used up. */
    public boolean sendAndKeep(Socket socket, int flags) {
        return send(socket, flags);
    }

    /** Sends it and forgets its bytes. */
    public boolean sendAndDestroy(Socket socket, int flags) {
        boolean sent = send(socket, flags);
        if (sent) {
            destroy();
        }
        return sent;
    }

    /** The bytes, not copied. */
    public byte[] getData() {
        return data;
    }

    /** The bytes as text. */
    public String getString(Charset charset) {
        return new String(data, charset);
    }

    /** How many bytes. */
    public int size() {
        return data == null ? 0 : data.length;
    }

    /** Whether it has bytes: not after {@link #destroy}. */
    public boolean hasData() {
        return data != null;
    }

    /** Whether it was received with frames of its message after it. */
    public boolean hasMore() {
        return more;
    }

    /** Whether the other one has the same bytes. */
    public boolean hasSameData(ZFrame other) {
        return other != null && Arrays.equals(data, other.data);
    }

    /** Whether it is this text in UTF-8. */
    public boolean streq(String text) {
        return Arrays.equals(data, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The bytes in hexadecimal. */
    public String strhex() {
        return HexFormat.of().withUpperCase().formatHex(data);
    }

    /** Puts other bytes into it. */
    public void reset(byte[] other) {
        data = other;
    }

    /** Puts text into it. */
    public void reset(String text) {
        data = text.getBytes(StandardCharsets.UTF_8);
    }

    /** A frame with a copy of the bytes. */
    public ZFrame duplicate() {
        return new ZFrame(data.clone());
    }

    /** Forgets the bytes. */
    public void destroy() {
        data = null;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ZFrame frame && hasSameData(frame);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(data);
    }

    /** The text, where the bytes are one; else the bytes in hexadecimal. */
    @Override
    public String toString() {
        if (data == null) {
            return "";
        }
        String text = new String(data, StandardCharsets.UTF_8);
        return streq(text) && text.chars().noneMatch(Character::isISOControl) ? text : strhex();
    }
}
