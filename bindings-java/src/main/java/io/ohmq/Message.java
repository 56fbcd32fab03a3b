// A whole message.
package io.ohmq;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

/**
 * A message: one frame or several, sent and received as a whole. It does not change. It does not copy the arrays it is
 * made of and gives out either: whoever changes one of them changes the message.
 */
public final class Message implements Iterable<byte[]> {
    /** A byte[] when there is one frame, else a byte[][]. */
    private final Object body;

    Message(Object body) {
        this.body = body;
    }

    /** A message of one frame. */
    public static Message of(byte[] frame) {
        return new Message(checked(frame));
    }

    /** A message of one frame, in UTF-8. */
    public static Message of(String text) {
        return new Message(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A message of several frames. */
    public static Message of(byte[]... frames) {
        return of(List.of(frames));
    }

    /** A message of several frames, in UTF-8. */
    public static Message of(String... frames) {
        return of(Arrays.stream(frames).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList());
    }

    /**
     * A message of these frames.
     *
     * @throws IllegalArgumentException when there are none
     */
    public static Message of(Collection<byte[]> frames) {
        if (frames.isEmpty()) {
            throw new IllegalArgumentException("a message has one frame at least");
        }
        frames.forEach(Message::checked);
        return new Message(frames.size() == 1 ? frames.iterator().next() : frames.toArray(byte[][]::new));
    }

    private static byte[] checked(byte[] frame) {
        return java.util.Objects.requireNonNull(frame, "a frame");
    }

    Object body() {
        return body;
    }

    /** How many frames it has: one at least. */
    public int size() {
        return body instanceof byte[][] frames ? frames.length : 1;
    }

    /** Whether it has more than one frame. */
    public boolean isMultipart() {
        return body instanceof byte[][];
    }

    /** The first frame: all of a message that has only one. */
    public byte[] bytes() {
        return frame(0);
    }

    /** The first frame as UTF-8 text. */
    public String string() {
        return string(0);
    }

    /** A frame, counted from 0. */
    public byte[] frame(int index) {
        if (body instanceof byte[][] frames) {
            return frames[index];
        }
        java.util.Objects.checkIndex(index, 1);
        return (byte[]) body;
    }

    /** A frame as UTF-8 text. */
    public String string(int index) {
        return new String(frame(index), StandardCharsets.UTF_8);
    }

    /** All frames. */
    public List<byte[]> frames() {
        return body instanceof byte[][] frames ? List.of(frames) : List.of((byte[]) body);
    }

    /** The length of all frames together. */
    public long totalBytes() {
        return frames().stream().mapToLong(frame -> frame.length).sum();
    }

    @Override
    public Iterator<byte[]> iterator() {
        return frames().iterator();
    }

    /** Whether the other one has equal frames. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Message message && Arrays.deepEquals(new Object[] {body}, new Object[] {message.body});
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(new Object[] {body});
    }

    /** The number of frames and of bytes. */
    @Override
    public String toString() {
        return "Message(" + size() + (size() == 1 ? " frame, " : " frames, ") + totalBytes() + " bytes)";
    }
}
