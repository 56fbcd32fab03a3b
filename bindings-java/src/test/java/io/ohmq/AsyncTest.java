// Futures: in order, and cancelling loses nothing.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AsyncTest {
    private static final long SEED = 987654321;

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (Exception left) {
            throw new AssertionError(left);
        }
    }

    @Test
    void futuresGetMessagesInOrder() throws Exception {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            List<CompletableFuture<Message>> futures = new ArrayList<>();
            for (int at = 0; at < 500; at++) {
                futures.add(pair.left.receiveAsync());
            }
            for (int number = 0; number < 500; number++) {
                get(pair.right.sendAsync(Message.of("m" + number)));
            }
            for (int number = 0; number < 500; number++) {
                assertEquals("m" + number, get(futures.get(number)).string());
            }
        }
    }

    @Test
    void aMessageThatIsThereCompletesAtOnce() throws Exception {
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            pair.right.send("x");
            pair.left.poll(ZMQ.Poller.POLLIN, Pair.PATIENCE);
            CompletableFuture<Message> future = pair.left.receiveAsync();
            assertTrue(future.isDone());
            assertFalse(future.cancel(false));
            assertEquals("x", future.join().string());
        }
    }

    /** A counter stream, and a receiver that gives up at random in every way it can. */
    @Test
    void cancellingLosesNothing() throws Exception {
        int count = 50_000;
        int step = 500;
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        int cancelled = 0;
        int steps = 0;
        // Sender and receiver meet after each step, when all is received, and once more to go on.
        CyclicBarrier met = new CyclicBarrier(2);
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            Thread sending = new Thread(() -> {
                Random pauses = new Random(SEED + 1);
                for (int number = 0; number < count; number++) {
                    pair.right.send(Integer.toString(number));
                    if (pauses.nextInt(4) == 0) {
                        // Now and then the receiver is faster.
                        for (int turns = pauses.nextInt(4_000); turns > 0; turns--) {
                            Thread.onSpinWait();
                        }
                    }
                    if ((number + 1) % step == 0 && number + 1 < count) {
                        meet(met);
                        meet(met);
                    }
                }
            });
            sending.start();
            for (int expected = 0; expected < count;) {
                if (expected == (steps + 1) * step) {
                    steps++;
                    meet(met);
                    // Nothing is there and nothing comes: this one is cancelled for certain, so the stream goes on past it.
                    assertTrue(pair.left.receiveAsync().cancel(false));
                    CompletableFuture<Message> racing = pair.left.receiveAsync();
                    meet(met);
                    if (racing.cancel(false)) {
                        cancelled++;
                    } else {
                        assertEquals(expected++, Integer.parseInt(get(racing).string()));
                    }
                }
                Message message = switch (random.nextInt(8)) {
                    case 0 -> pair.left.receive();
                    case 1 -> pair.left.tryReceive().orElse(null);
                    case 2 -> {
                        CompletableFuture<Message> future = pair.left.receiveAsync();
                        if (future.cancel(true)) {
                            cancelled++;
                            yield null;
                        }
                        yield get(future);
                    }
                    case 3 -> {
                        CompletableFuture<Message> future = pair.left.receiveAsync();
                        future.orTimeout(random.nextInt(200), TimeUnit.MICROSECONDS);
                        try {
                            yield get(future);
                        } catch (ExecutionException over) {
                            cancelled++;
                            yield null;
                        }
                    }
                    case 4 -> {
                        CompletableFuture<Message> future = pair.left.receiveAsync();
                        yield future.complete(null) ? null : get(future);
                    }
                    case 5 -> {
                        List<CompletableFuture<Message>> three = List.of(
                                pair.left.receiveAsync(), pair.left.receiveAsync(), pair.left.receiveAsync());
                        Message only = null;
                        int got = 0;
                        for (CompletableFuture<Message> each : three) {
                            if (each.cancel(false)) {
                                cancelled++;
                            } else {
                                assertEquals(expected + got, Integer.parseInt(get(each).string()));
                                got++;
                            }
                        }
                        expected += got;
                        yield only;
                    }
                    default -> get(pair.left.receiveAsync());
                };
                if (message != null) {
                    assertEquals(expected, Integer.parseInt(message.string()));
                    expected++;
                }
                if (expected >= count - 3) {
                    // The last ones one by one: case 5 must not wait for messages that never come.
                    while (expected < count) {
                        assertEquals(expected++, Integer.parseInt(pair.left.receive().string()));
                    }
                }
            }
            assertTrue(pair.left.tryReceive().isEmpty());
            System.out.println(cancelled + " of the receives were cancelled, and " + steps + " with nothing to receive");
            assertEquals(count / step - 1, steps);
        }
    }

    @Test
    void sendsWaitForRoomInOrder() throws Exception {
        try (ZContext context = new ZContext()) {
            Socket push = context.createSocket(SocketType.PUSH);
            push.bind("inproc://room");
            List<CompletableFuture<Void>> sends = new ArrayList<>();
            for (int number = 0; number < 10; number++) {
                sends.add(push.sendAsync(Message.of("m" + number)));
            }
            assertFalse(sends.get(0).isDone());
            assertTrue(sends.get(0).cancel(false));
            assertTrue(sends.get(4).cancel(false));
            Socket pull = context.createSocket(SocketType.PULL);
            pull.connect("inproc://room");
            for (int number : new int[] {1, 2, 3, 5, 6, 7, 8, 9}) {
                get(sends.get(number));
                assertEquals("m" + number, pull.receive(Pair.PATIENCE).string());
            }
            assertTrue(pull.tryReceive().isEmpty());
            assertFalse(sends.get(9).cancel(false));
        }
    }

    @Test
    void closingFailsThem() {
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.DEALER);
            socket.bind("inproc://closing");
            CompletableFuture<Message> receive = socket.receiveAsync();
            CompletableFuture<Void> send = socket.sendAsync(Message.of("x"));
            socket.close();
            failsWith(ZMQException.NotASocket.class, receive);
            failsWith(ZMQException.NotASocket.class, send);
        }
    }

    @Test
    void theEndOfTheContextFailsThem() {
        ZContext context = new ZContext();
        Socket socket = context.createSocket(SocketType.DEALER);
        socket.bind("inproc://ending");
        CompletableFuture<Message> receive = socket.receiveAsync();
        CompletableFuture<Void> send = socket.sendAsync(Message.of("x"));
        context.shutdown();
        failsWith(ZMQException.ContextTerminated.class, receive);
        failsWith(ZMQException.ContextTerminated.class, send);
        context.close();
    }

    @Test
    void closingTheContextFailsThem() {
        for (int round = 0; round < 50; round++) {
            ZContext context = new ZContext();
            Socket socket = context.createSocket(SocketType.DEALER);
            socket.bind("inproc://ending");
            CompletableFuture<Message> receive = socket.receiveAsync();
            CompletableFuture<Void> send = socket.sendAsync(Message.of("x"));
            context.close();
            failsWith(ZMQException.ContextTerminated.class, receive);
            failsWith(ZMQException.ContextTerminated.class, send);
        }
    }

    /** A future that was given another end gets no message. */
    @Test
    void everyOtherEndLeavesTheMessage() throws Exception {
        Message other = Message.of("other");
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            List<CompletableFuture<Message>> ended = new ArrayList<>();
            for (int each = 0; each < 5; each++) {
                ended.add(pair.left.receiveAsync());
            }
            assertEquals(other, get(ended.get(0).completeAsync(() -> other)));
            failsWith(IllegalStateException.class, ended.get(1).completeAsync(() -> {
                throw new IllegalStateException("as asked");
            }));
            ended.get(2).obtrudeValue(other);
            assertEquals(other, get(ended.get(2)));
            ended.get(3).obtrudeException(new IllegalStateException("as asked"));
            failsWith(IllegalStateException.class, ended.get(3));
            assertEquals(other, get(ended.get(4).completeOnTimeout(other, 1, TimeUnit.NANOSECONDS)));
            pair.right.send("for the next");
            assertEquals("for the next", get(pair.left.receiveAsync()).string());
        }
    }

    @Test
    void wrongStatesFailThem() {
        try (ZContext context = new ZContext()) {
            failsWith(ZMQException.WrongState.class, context.createSocket(SocketType.REQ).receiveAsync());
            failsWith(ZMQException.NotSupported.class, context.createSocket(SocketType.PUSH).receiveAsync());
        }
    }

    private static void failsWith(Class<? extends Exception> kind, CompletableFuture<?> future) {
        ExecutionException failure = assertThrows(ExecutionException.class, () -> get(future));
        assertInstanceOf(kind, failure.getCause());
        assertThrows(CompletionException.class, future::join);
    }

    /** What is attached may wait for other futures, on any socket. */
    @Test
    void callbacksMayBlock() throws Exception {
        try (Pair pair = new Pair(SocketType.REP, SocketType.REQ)) {
            CompletableFuture<Void> served = pair.left.receiveAsync().thenAccept(request -> {
                pair.left.sendAsync(request).join();
                pair.left.send(Message.of("again: " + pair.left.receiveAsync().join().string()));
            });
            pair.right.send("one");
            assertEquals("one", get(pair.right.receiveAsync()).string());
            pair.right.send("two");
            assertEquals("again: two", get(pair.right.receiveAsync()).string());
            get(served);
        }
    }

    /** The virtual machine answers so when the system gives it no more threads. */
    @Test
    void withoutThreadsFuturesComeTrueAllTheSame() throws Exception {
        Executor usual = Dispatcher.callbacks;
        Dispatcher.callbacks = task -> {
            throw new OutOfMemoryError("no thread");
        };
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            for (String text : List.of("one", "two")) {
                CompletableFuture<Message> future = pair.left.receiveAsync();
                pair.right.send(text);
                assertEquals(text, get(future).string());
            }
        } finally {
            Dispatcher.callbacks = usual;
        }
    }

    /** Futures of a socket that nobody else knows any more still come true. */
    @Test
    void aPendingFutureKeepsItsSocketOpen() throws Exception {
        ZContext server = new ZContext();
        Socket push = server.createSocket(SocketType.PUSH);
        push.bind("tcp://127.0.0.1:*");
        CompletableFuture<Message> future = lonely(push.getLastEndpoint());
        for (int round = 0; round < 5; round++) {
            System.gc();
        }
        push.send("found");
        assertEquals("found", get(future).string());
        server.close();
    }

    private static CompletableFuture<Message> lonely(String endpoint) {
        Socket pull = new ZContext().createSocket(SocketType.PULL);
        pull.connect(endpoint);
        return pull.receiveAsync();
    }
}
