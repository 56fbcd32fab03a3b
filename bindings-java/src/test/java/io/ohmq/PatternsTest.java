// Every socket type over every transport.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PatternsTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private static Pair pair(SocketType left, SocketType right, String transport) {
        return new Pair(left, right, switch (transport) {
            case "tcp" -> "tcp://127.0.0.1:*";
            case "ipc" -> "ipc://*";
            default -> "inproc://test-" + NAMES.incrementAndGet();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ipc", "inproc"})
    void requestsAreAnswered(String transport) {
        try (Pair pair = pair(SocketType.REP, SocketType.REQ, transport)) {
            for (int size : new int[] {0, 1, 55, 56, 255, 256, 8_192, 65_536, 1_048_576}) {
                byte[] bytes = new byte[size];
                new Random(size).nextBytes(bytes);
                pair.right.send(Message.of(bytes));
                pair.left.send(pair.left.receive());
                assertArrayEquals(bytes, pair.right.receive().bytes());
            }
            pair.right.send(Message.of("one", "", "three"));
            pair.left.send(pair.left.receive());
            assertEquals(Message.of("one", "", "three"), pair.right.receive());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ipc", "inproc"})
    void routersKnowDealersByName(String transport) {
        try (ZContext context = new ZContext()) {
            Socket router = context.createSocket(SocketType.ROUTER);
            router.bind(transport.equals("tcp") ? "tcp://127.0.0.1:*"
                    : transport.equals("ipc") ? "ipc://*" : "inproc://router-" + NAMES.incrementAndGet());
            Socket dealer = context.createSocket(SocketType.DEALER);
            dealer.setIdentity("ann".getBytes());
            dealer.connect(router.getLastEndpoint());
            dealer.send(Message.of("hello", "there"));
            Message received = router.receive(Pair.PATIENCE);
            assertEquals(Message.of("ann", "hello", "there"), received);
            router.send(Message.of("ann", "back"));
            assertEquals("back", dealer.receive(Pair.PATIENCE).string());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ipc", "inproc"})
    void subscribersGetWhatTheyAskedFor(String transport) {
        try (Pair pair = pair(SocketType.XPUB, SocketType.SUB, transport)) {
            pair.right.subscribe("a");
            assertArrayEquals(new byte[] {1, 'a'}, pair.left.receive().bytes());
            pair.left.send(Message.of("b", "no"));
            pair.left.send(Message.of("ab", "yes"));
            assertEquals(Message.of("ab", "yes"), pair.right.receive());
            pair.right.unsubscribe("a");
            assertArrayEquals(new byte[] {0, 'a'}, pair.left.receive().bytes());
            pair.right.subscribe(new byte[] {0, (byte) 0xFF});
            assertArrayEquals(new byte[] {1, 0, (byte) 0xFF}, pair.left.receive().bytes());
            pair.left.send(Message.of("ab"));
            pair.left.send(Message.of(new byte[] {0, (byte) 0xFF, 7}));
            assertArrayEquals(new byte[] {0, (byte) 0xFF, 7}, pair.right.receive().bytes());
        }
    }

    @Test
    void xsubSubscribesByMessage() {
        try (Pair pair = new Pair(SocketType.XPUB, SocketType.XSUB)) {
            pair.right.send(Message.of(new byte[] {1, 't'}));
            assertArrayEquals(new byte[] {1, 't'}, pair.left.receive().bytes());
            pair.left.send(Message.of("topic"));
            assertEquals("topic", pair.right.receive().string());
        }
    }

    @Test
    void pubDropsWhatNobodyWants() {
        try (ZContext context = new ZContext()) {
            Socket pub = context.createSocket(SocketType.PUB);
            pub.bind("tcp://127.0.0.1:*");
            pub.send(Message.of("nobody"));
            assertEquals(1, pub.stats().get("sent_dropped_no_subscriber") + pub.stats().get("sent_dropped_no_peer"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ipc", "inproc"})
    void workIsDealtInTurn(String transport) {
        try (Pair pair = pair(SocketType.PUSH, SocketType.PULL, transport)) {
            int count = 2_000;
            Thread pushing = new Thread(() -> {
                for (int number = 0; number < count; number++) {
                    pair.left.send(Message.of(Integer.toString(number)));
                }
            });
            pushing.start();
            for (int number = 0; number < count; number++) {
                assertEquals(Integer.toString(number), pair.right.receive().string());
            }
        }
    }

    @Test
    void batchesCrossInOneStep() {
        try (Pair pair = new Pair(SocketType.PUSH, SocketType.PULL)) {
            pair.left.setSndHWM(0);
            pair.right.setRcvHWM(0);
            Message[] messages = new Message[500];
            Arrays.setAll(messages, number -> number % 2 == 0
                    ? Message.of("m" + number)
                    : Message.of("m" + number, "second"));
            pair.left.poll(ZMQ.Poller.POLLOUT, Pair.PATIENCE);
            assertEquals(500, pair.left.sendMany(Arrays.asList(messages)));
            int received = 0;
            while (received < messages.length) {
                pair.right.poll(ZMQ.Poller.POLLIN, Pair.PATIENCE);
                for (Message message : pair.right.receiveMany(64)) {
                    assertEquals(messages[received++], message);
                }
            }
            assertTrue(pair.right.receiveMany(64).isEmpty());
        }
    }

    @Test
    void batchesStopAtTheHighWaterMark() {
        try (ZContext context = new ZContext()) {
            Socket push = context.createSocket(SocketType.PUSH);
            push.setSndHWM(3);
            push.connect("inproc://nobody-yet");
            Message one = Message.of("x");
            assertEquals(3, push.sendMany(java.util.List.of(one, one, one, one, one)));
            assertFalse(push.trySend(one));
        }
    }

    @Test
    void pairsTalkBothWays() {
        try (Pair pair = new Pair(SocketType.PAIR, SocketType.PAIR)) {
            pair.right.send("ping");
            assertEquals("ping", pair.left.recvStr());
            pair.left.send("pong");
            assertEquals("pong", pair.right.recvStr());
        }
    }

    @Test
    void connectingMayComeBeforeBinding(@TempDir Path folder) {
        try (ZContext context = new ZContext()) {
            Socket push = context.createSocket(SocketType.PUSH);
            push.setReconnectIVL(5);
            push.connect("ipc://" + folder.resolve("late"));
            push.send("early");
            Socket pull = context.createSocket(SocketType.PULL);
            pull.bind("ipc://" + folder.resolve("late"));
            assertEquals("early", pull.receive(Pair.PATIENCE).string());
        }
    }

    @Test
    void statisticsBalance() {
        try (Pair pair = new Pair(SocketType.PUSH, SocketType.PULL)) {
            for (int sent = 0; sent < 100; sent++) {
                pair.left.send("x");
                pair.right.recv();
            }
            var left = pair.left.stats();
            var right = pair.right.stats();
            assertEquals(100, left.get("sent_accepted"));
            assertEquals(100, right.get("recv_delivered"));
            for (String side : new String[] {"sent", "recv"}) {
                for (var stats : java.util.List.of(left, right)) {
                    long dropped = stats.entrySet().stream()
                            .filter(each -> each.getKey().startsWith(side + "_dropped"))
                            .mapToLong(java.util.Map.Entry::getValue).sum();
                    assertEquals(stats.get(side + "_accepted"),
                            stats.get(side + "_delivered") + stats.get(side + "_queued") + dropped);
                }
            }
        }
    }
}
