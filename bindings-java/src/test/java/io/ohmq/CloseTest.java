// The end of sockets and contexts, whatever else goes on.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CloseTest {
    @AfterEach
    void waitAsUsual() {
        Waits.alwaysPark = false;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closingTheContextEndsBlockedCalls(boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        for (int round = 0; round < 50; round++) {
            ZContext context = new ZContext();
            Socket socket = context.createSocket(SocketType.PULL);
            socket.bind("tcp://127.0.0.1:*");
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            CountDownLatch about = new CountDownLatch(1);
            Thread waiting = new Thread(() -> {
                about.countDown();
                try {
                    socket.recv();
                } catch (Throwable failure) {
                    thrown.set(failure);
                }
            });
            waiting.start();
            about.await();
            context.close();
            waiting.join(10_000);
            assertFalse(waiting.isAlive());
            // A thread that had not begun to wait finds the socket closed.
            if (!(thrown.get() instanceof ZMQException.NotASocket)) {
                assertInstanceOf(ZMQException.ContextTerminated.class, thrown.get());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closingASocketEndsBlockedCalls(boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        try (ZContext context = new ZContext()) {
            for (int round = 0; round < 500; round++) {
                Socket socket = context.createSocket(SocketType.PULL);
                AtomicReference<Throwable> thrown = new AtomicReference<>();
                Thread waiting = new Thread(() -> {
                    try {
                        socket.recv();
                    } catch (Throwable failure) {
                        thrown.set(failure);
                    }
                });
                waiting.start();
                socket.close();
                waiting.join(10_000);
                assertFalse(waiting.isAlive());
                assertInstanceOf(ZMQException.NotASocket.class, thrown.get());
            }
        }
    }

    @Test
    void whatWasSentBeforeTheEndArrives() {
        ZContext sender = new ZContext();
        try (ZContext receiver = new ZContext()) {
            Socket pull = receiver.createSocket(SocketType.PULL);
            pull.bind("tcp://127.0.0.1:*");
            Socket push = sender.createSocket(SocketType.PUSH);
            push.connect(pull.getLastEndpoint());
            for (int number = 0; number < 500; number++) {
                push.send("m" + number);
            }
            sender.close();
            for (int number = 0; number < 500; number++) {
                assertEquals("m" + number, pull.receive(Pair.PATIENCE).string());
            }
        }
    }

    @Test
    void closingWaitsNoLongerThanTheContextAllows() {
        ZContext context = new ZContext();
        context.setLinger(100);
        Socket push = context.createSocket(SocketType.PUSH);
        push.connect("tcp://127.0.0.1:1");
        push.send("to nobody");
        long begun = System.nanoTime();
        context.close();
        long taken = System.nanoTime() - begun;
        assertTrue(taken > 80_000_000 && taken < 5_000_000_000L, taken + " ns");
    }

    @Test
    void aShutdownKeepsToTheTimeThatTheContextAllows() throws Exception {
        ZContext context = new ZContext();
        context.setLinger(50);
        Socket push = context.createSocket(SocketType.PUSH);
        push.connect("tcp://127.0.0.1:1");
        push.send("to nobody");
        context.shutdown();
        Thread closing = new Thread(context::close);
        closing.setDaemon(true);
        closing.start();
        closing.join(20_000);
        assertFalse(closing.isAlive());
    }

    /** A socket made while the context closes is closed too, whoever comes first. */
    @Test
    void closingWaitsForNoSocketMadeMeanwhile() throws Exception {
        for (int round = 0; round < 120; round++) {
            ZContext context = new ZContext();
            CountDownLatch about = new CountDownLatch(1);
            Thread making = new Thread(() -> {
                about.countDown();
                try {
                    while (true) {
                        context.createSocket(SocketType.PAIR);
                    }
                } catch (ZMQException.ContextTerminated | ZMQException.TooManyOpenFiles end) {
                    // As it should be.
                }
            });
            making.start();
            about.await();
            for (int turn = round % 60 * 50; turn > 0; turn--) {
                Thread.onSpinWait();
            }
            Thread closing = new Thread(context::close);
            closing.setDaemon(true);
            closing.start();
            closing.join(20_000);
            assertFalse(closing.isAlive(), "round " + round);
            making.join(20_000);
            assertTrue(context.isEmpty(), "round " + round);
        }
    }

    @Test
    void anInterruptEndsTheWaitForTheEnd() throws Exception {
        ZContext context = new ZContext();
        Socket push = context.createSocket(SocketType.PUSH);
        push.setLinger(60_000);
        push.connect("tcp://127.0.0.1:1");
        push.send("to nobody");
        Thread closing = new Thread(context::close);
        closing.start();
        closing.interrupt();
        // Much less than it lingers.
        closing.join(20_000);
        assertFalse(closing.isAlive());
    }

    @Test
    void forgottenSocketsAreClosed() throws Exception {
        try (ZContext context = new ZContext()) {
            Socket pull = context.createSocket(SocketType.PULL);
            pull.bind("tcp://127.0.0.1:*");
            forget(pull.getLastEndpoint());
            pull.receive(Pair.PATIENCE);
            Duration patience = Pair.PATIENCE;
            long end = System.nanoTime() + patience.toNanos();
            while (pull.stats().get("connections_lost") == 0 && System.nanoTime() < end) {
                System.gc();
                pull.poll(ZMQ.Poller.POLLIN, 10);
            }
            assertEquals(1, pull.stats().get("connections_lost"));
        }
    }

    private static void forget(String endpoint) {
        Socket push = new ZContext().createSocket(SocketType.PUSH);
        push.connect(endpoint);
        push.send("last words");
    }
}
