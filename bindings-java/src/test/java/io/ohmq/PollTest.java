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

    @Test
    void handlersAreCalled() {
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR);
                ZPoller poller = new ZPoller(pair.context)) {
            List<String> heard = new ArrayList<>();
            poller.register(pair.left, (socket, events) -> heard.add(socket.recvStr()), ZPoller.POLLIN);
            poller.register(pair.right, ZPoller.POLLIN);
            pair.right.send("hi");
            assertEquals(1, poller.poll(20_000));
            assertTrue(poller.isReadable(pair.left) && !poller.isReadable(pair.right));
            assertFalse(poller.isWritable(pair.left) || poller.pollout(pair.right) || poller.pollin(pair.right));
            assertTrue(poller.dispatch());
            assertEquals(List.of("hi"), heard);
            poller.register(pair.left, (socket, events) -> false, ZPoller.POLLOUT);
            assertEquals(1, poller.poll(20_000));
            assertFalse(poller.dispatch());
            assertTrue(poller.unregister(pair.left));
            assertFalse(poller.unregister(pair.left));
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
