// Pollers.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PollTest {
    @AfterEach
    void waitAsUsual() {
        Waits.alwaysPark = false;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void indexesTellWhoIsReady(boolean parking) {
        Waits.alwaysPark = parking;
        try (Pair one = new Pair(SocketType.PULL, SocketType.PUSH);
                Pair two = new Pair(SocketType.PULL, SocketType.PUSH);
                ZMQ.Poller poller = one.context.createPoller(2)) {
            int first = poller.register(one.left);
            int second = poller.register(two.left, ZMQ.Poller.POLLIN);
            assertEquals(0, poller.poll(0));
            two.right.send("x");
            assertEquals(1, poller.poll(20_000));
            assertFalse(poller.pollin(first));
            assertTrue(poller.pollin(second));
            assertFalse(poller.pollout(second) || poller.pollerr(second));
            one.right.send(Message.of("y", "z"));
            one.left.poll(ZMQ.Poller.POLLIN, 20_000);
            assertEquals(2, poller.poll());
            assertEquals("y", one.left.recvStr());
            two.left.recv();
            assertEquals(1, poller.poll(), "the frame that is left");
            assertTrue(poller.pollin(first) && one.left.hasReceiveMore());
            poller.unregister(one.left);
            assertNull(poller.getSocket(first));
            assertEquals(1, poller.getSize());
            assertEquals(0, poller.poll(1));
            assertEquals(first, poller.register(one.right, ZMQ.Poller.POLLOUT));
            assertEquals(1, poller.poll(20_000));
            assertTrue(poller.pollout(first));
        }
    }

    /** Each index has the events it asked for, also where one socket has several. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneSocketMayHaveSeveralIndexes(boolean parking) {
        Waits.alwaysPark = parking;
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR);
                ZMQ.Poller poller = pair.context.createPoller(3)) {
            pair.left.poll(ZMQ.Poller.POLLOUT, 20_000);
            int out = poller.register(pair.left, ZMQ.Poller.POLLOUT);
            int in = poller.register(pair.left, ZMQ.Poller.POLLIN);
            int again = poller.register(pair.left, ZMQ.Poller.POLLOUT);
            assertEquals(2, poller.poll(20_000));
            assertEquals(ZMQ.Poller.POLLOUT, poller.ready(out));
            assertEquals(0, poller.ready(in));
            assertEquals(ZMQ.Poller.POLLOUT, poller.ready(again));
            pair.right.send("x");
            pair.left.poll(ZMQ.Poller.POLLIN, 20_000);
            assertEquals(3, poller.poll(20_000));
            assertEquals(ZMQ.Poller.POLLOUT, poller.ready(out));
            assertEquals(ZMQ.Poller.POLLIN, poller.ready(in));
            assertEquals(ZMQ.Poller.POLLOUT, poller.ready(again));
        }
    }

    @Test
    void aNewSocketIsNotReadyForTheOneBefore() {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH);
                ZMQ.Poller poller = pair.context.createPoller(1)) {
            int index = poller.register(pair.left);
            pair.right.send("x");
            assertEquals(1, poller.poll(20_000));
            poller.unregister(pair.left);
            assertFalse(poller.pollin(index));
            assertEquals(index, poller.register(pair.context.createSocket(SocketType.PULL)));
            assertFalse(poller.pollin(index));
        }
    }

    @Test
    void noIndexIsReadyThatNobodyHas() {
        try (ZContext context = new ZContext(); ZMQ.Poller poller = context.createPoller(1)) {
            for (int index : new int[] {-1, 0, 1}) {
                assertFalse(poller.pollin(index) || poller.pollout(index) || poller.pollerr(index));
                assertNull(poller.getSocket(index));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSocketSeesTheFramesItHolds(boolean parking) {
        Waits.alwaysPark = parking;
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR)) {
            pair.right.send(Message.of("one", "two"));
            assertEquals("one", pair.left.recvStr());
            int both = ZMQ.Poller.POLLIN | ZMQ.Poller.POLLOUT;
            assertEquals(ZMQ.Poller.POLLIN, pair.left.poll(ZMQ.Poller.POLLIN, 0));
            assertEquals(ZMQ.Poller.POLLIN, pair.left.poll(ZMQ.Poller.POLLIN, 20_000));
            assertEquals(ZMQ.Poller.POLLOUT, pair.left.poll(ZMQ.Poller.POLLOUT, 20_000));
            assertEquals(both, pair.left.poll(both, 20_000));
            assertEquals("two", pair.left.recvStr());
            assertEquals(0, pair.left.poll(ZMQ.Poller.POLLIN, 0));
        }
    }

    @Test
    void aLookStartsNoThread() {
        Waits.alwaysPark = true;
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.PULL);
            // Java numbers the threads that are made.
            long before = new Thread().getId();
            for (int look = 0; look < 100; look++) {
                assertEquals(0, socket.poll(ZMQ.Poller.POLLIN, 0));
            }
            long made = new Thread().getId() - before;
            assertTrue(made < 50, made + " threads were made");
        }
    }

    @Test
    void handlersAreCalled() {
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR);
                ZPoller poller = new ZPoller(pair.context)) {
            List<String> heard = new ArrayList<>();
            poller.register(pair.left, (socket, events) -> heard.add(socket.recvStr()), ZPoller.POLLIN);
            poller.register(pair.right, ZPoller.POLLIN);
            pair.right.send("hi");
            assertEquals(1, poller.poll(20_000, false));
            assertTrue(poller.isReadable(pair.left) && !poller.isReadable(pair.right));
            assertFalse(poller.isWritable(pair.left) || poller.pollout(pair.right) || poller.pollin(pair.right));
            assertTrue(poller.dispatch());
            assertEquals(List.of("hi"), heard);
            poller.register(pair.left, (socket, events) -> false, ZPoller.POLLOUT);
            assertEquals(1, poller.poll(20_000, false));
            assertFalse(poller.dispatch());
            assertTrue(poller.unregister(pair.left));
            assertFalse(poller.unregister(pair.left));
        }
    }

    @Test
    void aPollCallsTheHandlers() {
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR);
                ZPoller poller = new ZPoller(pair.context)) {
            List<String> heard = new ArrayList<>();
            poller.register(pair.left, (socket, events) -> heard.add(events + socket.recvStr()), ZPoller.IN);
            assertEquals(0, poller.poll(0));
            pair.right.send("hi");
            assertEquals(1, poller.poll(20_000));
            assertEquals(List.of("1hi"), heard);
            poller.register(pair.left, (socket, events) -> false, ZPoller.OUT);
            assertEquals(-1, poller.poll(20_000));
            assertTrue(poller.isWritable(pair.left));
        }
    }

    @Test
    void theEndOfTheContextEndsThePoll() throws Exception {
        ZContext context = new ZContext();
        Socket socket = context.createSocket(SocketType.PULL);
        ZMQ.Poller poller = context.createPoller(1);
        poller.register(socket);
        Thread ending = new Thread(context::shutdown);
        ending.start();
        assertThrows(ZMQException.ContextTerminated.class, () -> poller.poll(-1));
        ending.join();
        context.close();
    }
}
