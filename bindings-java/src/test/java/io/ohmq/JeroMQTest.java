// Real JeroMQ on the other side, in both roles.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JeroMQTest {
    private static final int[] SIZES = {0, 1, 255, 256, 8_192, 65_536, 1_048_576};

    /** Connects one of ours with one of theirs. */
    private static void with(boolean weBind, SocketType ours, org.zeromq.SocketType theirs,
            BiConsumer<Socket, org.zeromq.ZMQ.Socket> talk) {
        try (ZContext context = new ZContext(); org.zeromq.ZContext other = new org.zeromq.ZContext()) {
            Socket our = context.createSocket(ours);
            our.setReceiveTimeOut((int) Pair.PATIENCE.toMillis());
            org.zeromq.ZMQ.Socket their = other.createSocket(theirs);
            their.setReceiveTimeOut((int) Pair.PATIENCE.toMillis());
            // JeroMQ 0.6.0, connecting, now and then reads a greeting that comes at once and never sends its own. The
            // end of its handshake's time makes it connect anew.
            their.setHandshakeIvl(500);
            their.setReconnectIVL(10);
            if (ours == SocketType.DEALER) {
                our.setIdentity("ours".getBytes());
            }
            if (theirs == org.zeromq.SocketType.DEALER) {
                their.setIdentity("theirs".getBytes());
            }
            if (weBind) {
                our.bind("tcp://127.0.0.1:*");
                their.connect(our.getLastEndpoint());
            } else {
                their.bind("tcp://127.0.0.1:*");
                our.connect(their.getLastEndpoint());
            }
            talk.accept(our, their);
        }
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void weAsk(boolean weBind) {
        with(weBind, SocketType.REQ, org.zeromq.SocketType.REP, (our, their) -> {
            for (int size : SIZES) {
                our.send(bytes(size));
                byte[] request = their.recv();
                assertArrayEquals(bytes(size), request);
                their.sendMore(request);
                their.send("tail");
                assertArrayEquals(request, our.recv());
                assertTrue(our.hasReceiveMore());
                assertEquals("tail", our.recvStr());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theyAsk(boolean weBind) {
        with(weBind, SocketType.REP, org.zeromq.SocketType.REQ, (our, their) -> {
            for (int size : SIZES) {
                their.send(bytes(size));
                our.send(our.receive());
                assertArrayEquals(bytes(size), their.recv());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void wePublish(boolean weBind) {
        with(weBind, SocketType.XPUB, org.zeromq.SocketType.SUB, (our, their) -> {
            their.subscribe("topic".getBytes());
            byte[] subscription = our.recv(ZMQ.DONTWAIT);
            for (long end = System.nanoTime() + Pair.PATIENCE.toNanos(); subscription == null;) {
                // Where JeroMQ binds, its socket learns of a new connection in calls of its own thread only.
                their.getEvents();
                assertTrue(System.nanoTime() < end);
                subscription = our.recv(ZMQ.DONTWAIT);
            }
            assertArrayEquals("\u0001topic".getBytes(), subscription);
            our.send(Message.of("other", "no"));
            our.send(Message.of("topic 1", "yes"));
            assertEquals("topic 1", their.recvStr());
            assertEquals("yes", their.recvStr());
            their.unsubscribe("topic".getBytes());
            assertArrayEquals("\u0000topic".getBytes(), our.recv());
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theyPublish(boolean weBind) {
        with(weBind, SocketType.SUB, org.zeromq.SocketType.XPUB, (our, their) -> {
            our.subscribe("topic");
            assertArrayEquals("\u0001topic".getBytes(), their.recv());
            their.send("other");
            their.sendMore("topic 1");
            their.send("yes");
            assertEquals(Message.of("topic 1", "yes"), our.receive());
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void wePush(boolean weBind) {
        with(weBind, SocketType.PUSH, org.zeromq.SocketType.PULL, (our, their) -> {
            for (int number = 0; number < 800; number++) {
                our.send("m" + number);
            }
            for (int number = 0; number < 800; number++) {
                assertEquals("m" + number, their.recvStr());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theyPush(boolean weBind) {
        with(weBind, SocketType.PULL, org.zeromq.SocketType.PUSH, (our, their) -> {
            for (int number = 0; number < 800; number++) {
                their.send("m" + number);
            }
            for (int number = 0; number < 800; number++) {
                assertEquals("m" + number, our.recvStr());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void weRoute(boolean weBind) {
        with(weBind, SocketType.ROUTER, org.zeromq.SocketType.DEALER, (our, their) -> {
            their.send("hello");
            assertEquals(Message.of("theirs", "hello"), our.receive());
            our.send(Message.of("theirs", "back", "more"));
            assertEquals("back", their.recvStr());
            assertEquals("more", their.recvStr());
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theyRoute(boolean weBind) {
        with(weBind, SocketType.DEALER, org.zeromq.SocketType.ROUTER, (our, their) -> {
            our.send("hello");
            assertEquals("ours", their.recvStr());
            assertEquals("hello", their.recvStr());
            their.sendMore("ours");
            their.send("back");
            assertEquals("back", our.recvStr());
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pairs(boolean weBind) {
        with(weBind, SocketType.PAIR, org.zeromq.SocketType.PAIR, (our, their) -> {
            our.send("ping");
            assertEquals("ping", their.recvStr());
            their.send("pong");
            assertEquals("pong", our.recvStr());
        });
    }
}
