// Frame by frame: the part of the interface that has JeroMQ's names.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FramesTest {
    @Test
    void framesAreHandedOutOneByOne() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            assertTrue(pair.right.sendMore("one"));
            assertTrue(pair.right.sendMore(new byte[] {2}));
            assertTrue(pair.right.send("three"));
            assertEquals("one", pair.left.recvStr());
            assertTrue(pair.left.hasReceiveMore());
            assertTrue((pair.left.getEvents() & ZMQ.Poller.POLLIN) != 0);
            assertArrayEquals(new byte[] {2}, pair.left.recv());
            assertTrue(pair.left.hasReceiveMore());
            assertEquals("three", pair.left.recvStr());
            assertFalse(pair.left.hasReceiveMore());
            assertNull(pair.left.recv(ZMQ.DONTWAIT));
            assertEquals(ErrorCode.EAGAIN.getCode(), pair.left.errno());
        }
    }

    @Test
    void aRefusedLastFrameMayBeTriedAgain() {
        try (ZContext context = new ZContext()) {
            Socket push = context.createSocket(SocketType.PUSH);
            push.bind("inproc://later");
            push.sendMore("first");
            assertFalse(push.send("last", ZMQ.DONTWAIT));
            assertEquals(ErrorCode.EAGAIN.getCode(), push.errno());
            Socket pull = context.createSocket(SocketType.PULL);
            pull.connect("inproc://later");
            assertTrue(push.send("last"));
            assertEquals(Message.of("first", "last"), pull.receive(Pair.PATIENCE));
        }
    }

    @Test
    void aQueueOfFramesEndsAMessageThatWasBegun() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.sendMore("begun");
            assertTrue(ZMsg.newStringMsg("a", "b").send(pair.right));
            assertEquals(Message.of("begun", "a", "b"), pair.left.receive());
            pair.right.sendMore("begun");
            assertTrue(ZMsg.newStringMsg("only").send(pair.right));
            assertEquals(Message.of("begun", "only"), pair.left.receive());
        }
    }

    @Test
    void anEmptyQueueOfFramesSendsNothing() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.sendMore("begun");
            assertTrue(new ZMsg().send(pair.right));
            assertEquals(0, pair.right.stats().get("sent_accepted"));
            pair.right.send("ended");
            assertEquals(Message.of("begun", "ended"), pair.left.receive());
        }
    }

    @Test
    void nullIsNoFrame() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.sendMore("begun");
            for (int flags : new int[] {0, ZMQ.DONTWAIT, ZMQ.SNDMORE}) {
                var refused = assertThrows(NullPointerException.class, () -> pair.right.send((byte[]) null, flags));
                assertEquals("a frame", refused.getMessage());
            }
            pair.right.send("ended");
            assertEquals(Message.of("begun", "ended"), pair.left.receive());
        }
    }

    @Test
    void timeoutsAnswerNullAndFalse() {
        try (ZContext context = new ZContext()) {
            Socket dealer = context.createSocket(SocketType.DEALER);
            dealer.bind("inproc://silent");
            dealer.setReceiveTimeOut(10);
            dealer.setSendTimeOut(10);
            assertNull(dealer.recv());
            assertNull(dealer.recvStr());
            assertEquals(-1, dealer.recv(new byte[4], 0, 4, 0));
            assertNull(ZMsg.recvMsg(dealer));
            assertNull(ZFrame.recvFrame(dealer));
            assertFalse(dealer.send("nobody"));
            assertFalse(ZMsg.newStringMsg("nobody").send(dealer));
            assertEquals(-1, dealer.sendByteBuffer(ByteBuffer.allocate(3), 0));
        }
    }

    @Test
    void buffersAndArrays() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            ByteBuffer data = ByteBuffer.wrap(new byte[] {1, 2, 3, 4});
            data.get();
            assertEquals(3, pair.right.sendByteBuffer(data, 0));
            assertFalse(data.hasRemaining());
            ByteBuffer into = ByteBuffer.allocateDirect(2);
            assertEquals(2, pair.left.recvByteBuffer(into, 0));
            assertEquals(2, into.get(0));
            pair.right.send(new byte[] {1, 2, 3, 4}, 1, 2, 0);
            byte[] array = new byte[5];
            assertEquals(2, pair.left.recv(array, 1, 4, 0));
            assertArrayEquals(new byte[] {0, 2, 3, 0, 0}, array);
            pair.right.send(new byte[] {1, 2, 3, 4});
            assertEquals(2, pair.left.recv(array, 3, 2, 0), "what was written");
            assertArrayEquals(new byte[] {0, 2, 3, 1, 2}, array);
        }
    }

    @Test
    void whatCannotBeWrittenToTakesNoMessage() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.send("kept");
            byte[] array = new byte[2];
            assertThrows(IndexOutOfBoundsException.class, () -> pair.left.recv(array, 1, 2, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> pair.left.recv(array, -1, 2, 0));
            ByteBuffer readable = ByteBuffer.allocate(8).asReadOnlyBuffer();
            assertThrows(ReadOnlyBufferException.class, () -> pair.left.recvByteBuffer(readable, 0));
            assertEquals("kept", pair.left.recvStr());
        }
    }

    @Test
    void zmsgIsAQueueOfFrames() {
        try (Pair pair = new Pair(SocketType.ROUTER, SocketType.DEALER)) {
            pair.right.setSendTimeOut(1000);
            ZMsg request = ZMsg.newStringMsg("body");
            request.wrap(new ZFrame("envelope"));
            assertEquals(12, request.contentSize());
            assertTrue(request.send(pair.right));
            assertTrue(request.isEmpty());
            ZMsg received = ZMsg.recvMsg(pair.left);
            ZFrame identity = received.pop();
            assertEquals(5, identity.size());
            assertEquals("envelope", received.unwrap().toString());
            assertEquals("body", received.peekFirst().toString());
            ZMsg reply = received.duplicate();
            assertEquals(received, reply);
            reply.push("x");
            reply.wrap(identity);
            reply.removeFirst();
            reply.removeFirst();
            reply.push(identity);
            assertTrue(reply.send(pair.left));
            ZMsg back = ZMsg.recvMsg(pair.right);
            assertEquals("x", back.popString());
            assertEquals("body", back.popString());
            assertNull(back.popString());
            assertNull(back.pop());
        }
    }

    @Test
    void zmsgTakesTheRestOfAMessage() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.send(Message.of("a", "b", "c"));
            assertEquals("a", pair.left.recvStr());
            assertEquals(ZMsg.newStringMsg("b", "c"), ZMsg.recvMsg(pair.left));
        }
    }

    @Test
    void framesKnowWhetherMoreFollow() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            assertTrue(new ZFrame("one").send(pair.right, ZFrame.REUSE + ZFrame.MORE));
            assertTrue(new ZFrame("two").send(pair.right, 0));
            assertTrue(ZFrame.recvFrame(pair.left).hasMore());
            assertFalse(ZFrame.recvFrame(pair.left).hasMore());
            pair.right.send(Message.of("one", "two"));
            ZMsg message = ZMsg.recvMsg(pair.left);
            assertTrue(message.pop().hasMore());
            assertFalse(message.pop().hasMore());
            assertNull(ZFrame.recvFrame(pair.left, ZFrame.DONTWAIT));
        }
    }

    @Test
    void aSleepEndsWithAnInterrupt() {
        ZMQ.msleep(1);
        Thread.currentThread().interrupt();
        ZMQ.sleep(1_000);
        assertTrue(Thread.interrupted());
    }

    @Test
    void zframe() {
        ZFrame frame = new ZFrame("text");
        assertTrue(frame.streq("text") && frame.hasSameData(frame.duplicate()) && frame.hasData());
        assertEquals("74657874", frame.strhex());
        frame.reset(new byte[] {0, 1});
        assertEquals("0001", frame.toString());
        frame.destroy();
        assertFalse(frame.hasData());
        assertEquals(0, frame.size());
    }

    @Test
    void messagesHaveOneFrameAtLeast() {
        assertThrows(IllegalArgumentException.class, () -> Message.of(List.of()));
        assertThrows(IllegalArgumentException.class, () -> new ZMsg().toMessage());
        assertThrows(NullPointerException.class, () -> Message.of((byte[]) null));
        Message two = Message.of("a", "bc");
        assertEquals(2, two.size());
        assertEquals(3, two.totalBytes());
        assertEquals("bc", two.string(1));
        assertEquals(two, ZMsg.of(two).toMessage());
        assertEquals(two.hashCode(), Message.of("a", "bc").hashCode());
        assertFalse(two.equals(Message.of("a")));
        assertThrows(IndexOutOfBoundsException.class, () -> Message.of("a").frame(1));
    }
}
