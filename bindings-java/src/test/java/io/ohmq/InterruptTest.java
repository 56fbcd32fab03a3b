// Thread.interrupt ends a blocked call whenever it comes, loses nothing, and disturbs nobody else.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InterruptTest {
    private static final long SEED = 20261123;

    @AfterEach
    void waitAsUsual() {
        Waits.alwaysPark = false;
        assertFalse(Thread.interrupted());
    }

    @ParameterizedTest
    @CsvSource({"recv,false", "send,false", "poll,false", "poller,false", "recv,true", "send,true", "poll,true", "poller,true"})
    void oneInterruptEndsABlockedCall(String call, boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        Random random = new Random(SEED);
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.DEALER);
            socket.bind("inproc://interrupted-" + call + parking);
            ZMQ.Poller poller = context.createPoller(1);
            poller.register(socket);
            long[] ends = new long[100];
            for (int round = 0; round < ends.length; round++) {
                CountDownLatch about = new CountDownLatch(1);
                AtomicReference<Throwable> thrown = new AtomicReference<>();
                AtomicReference<Boolean> marked = new AtomicReference<>();
                Thread waiting = new Thread(() -> {
                    about.countDown();
                    try {
                        switch (call) {
                            case "recv" -> socket.recv();
                            case "send" -> socket.send("nobody");
                            case "poll" -> socket.poll(ZMQ.Poller.POLLIN, -1);
                            default -> poller.poll();
                        }
                    } catch (Throwable failure) {
                        thrown.set(failure);
                    }
                    marked.set(Thread.currentThread().isInterrupted());
                });
                waiting.start();
                about.await();
                // Before, while, and after it falls asleep.
                spin(random.nextInt(300_000));
                long begun = System.nanoTime();
                waiting.interrupt();
                // Nothing else happens that could end it: who has missed the interrupt waits for ever.
                waiting.join(20_000);
                ends[round] = System.nanoTime() - begun;
                assertFalse(waiting.isAlive(), "round " + round);
                assertTrue(thrown.get() instanceof ZMQException.InterruptedSystemCall, () -> "" + thrown.get());
                assertTrue(marked.get());
            }
            Arrays.sort(ends);
            // Said, not judged: a busy machine may keep a thread that was woken from running.
            System.out.println(call + (parking ? " (parking)" : "") + ": all of 100 ended, 95 within "
                    + ends[94] / 1000 + " µs, the slowest after " + ends[99] / 1000);
            assertEquals(0, socket.stats().get("sent_accepted"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"recv", "send", "poll"})
    void anInterruptBetweenTheQuestionAndTheCallEndsIt(String call) {
        try (ZContext context = new ZContext()) {
            NativeSocket socket = context.createSocket(SocketType.DEALER).peer();
            socket.bind("inproc://between-" + call);
            long patience = Pair.PATIENCE.toMillis();
            Thread waiting = Thread.currentThread();
            AtomicInteger attempts = new AtomicInteger();
            Waits.Attempt<Object> attempt = (limit, mark) -> {
                // Here the wait has asked whether the thread is interrupted, and the engine knows of no call yet.
                attempts.incrementAndGet();
                interruptFromElsewhere(waiting);
                return attempt(call, socket, limit, mark);
            };
            assertThrows(ZMQException.InterruptedSystemCall.class, () -> Waits.blocked(socket, patience, call, attempt));
            assertTrue(Thread.interrupted());
            assertEquals(1, attempts.get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"recv", "send", "poll"})
    void anInterruptThatTellsNobodyIsSeen(String call) {
        try (ZContext context = new ZContext()) {
            NativeSocket socket = context.createSocket(SocketType.DEALER).peer();
            socket.bind("inproc://untold-" + call);
            Thread waiting = Thread.currentThread();
            AtomicInteger attempts = new AtomicInteger();
            Waits.Attempt<Object> attempt = (limit, mark) -> {
                if (attempts.getAndIncrement() == 0) {
                    // Java forgets whom it has to tell, as for an interrupt that had looked for it before the wait began.
                    Interruption.during(socket).over();
                    interruptFromElsewhere(waiting);
                }
                return attempt(call, socket, limit, mark);
            };
            long patience = Pair.PATIENCE.toMillis();
            assertThrows(ZMQException.InterruptedSystemCall.class, () -> Waits.blocked(socket, patience, call, attempt));
            assertTrue(Thread.interrupted());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsLost(boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        int count = 20_000;
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            int[] received = new int[count];
            AtomicInteger interrupts = new AtomicInteger();
            int meant = 0;
            AtomicInteger progress = new AtomicInteger();
            Thread receiving = new Thread(() -> {
                for (int at = 0; at < count;) {
                    try {
                        received[at] = Integer.parseInt(pair.left.receive(Pair.PATIENCE).string());
                        progress.set(++at);
                    } catch (ZMQException.InterruptedSystemCall interrupted) {
                        Thread.interrupted();
                        interrupts.incrementAndGet();
                    }
                }
            });
            receiving.start();
            for (int number = 0; number < count; number++) {
                pair.right.send(Integer.toString(number));
                int dice = random.nextInt(20);
                if (dice == 0 && number + 1 < count) {
                    // These interrupts meet a receiver that has nothing to receive: they must end its call.
                    while (progress.get() <= number && receiving.isAlive()) {
                        Thread.onSpinWait();
                    }
                    spin(random.nextInt(50_000));
                    int before = interrupts.get();
                    receiving.interrupt();
                    while (interrupts.get() == before && receiving.isAlive()) {
                        Thread.onSpinWait();
                    }
                    meant++;
                } else if (dice == 1) {
                    spin(random.nextInt(50_000));
                    receiving.interrupt();
                }
            }
            receiving.join(60_000);
            assertFalse(receiving.isAlive());
            for (int number = 0; number < count; number++) {
                assertEquals(number, received[number]);
            }
            System.out.println(interrupts + " interrupted receives" + (parking ? " (parking)" : ""));
            assertTrue(meant > 100 && interrupts.get() >= meant, interrupts + " of " + meant);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void othersOnTheSameSocketWaitOn(boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            AtomicReference<Object> got = new AtomicReference<>();
            CountDownLatch about = new CountDownLatch(2);
            Thread patient = new Thread(() -> {
                about.countDown();
                got.set(pair.left.receive(Pair.PATIENCE).string());
            });
            Thread interrupted = new Thread(() -> {
                about.countDown();
                assertThrows(ZMQException.InterruptedSystemCall.class, () -> pair.left.receive(Pair.PATIENCE));
            });
            patient.start();
            interrupted.start();
            about.await();
            interrupted.interrupt();
            interrupted.join(10_000);
            assertFalse(interrupted.isAlive());
            pair.right.send("for the patient");
            patient.join(10_000);
            assertEquals("for the patient", got.get());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptedThreadMayDoWhatNeedsNoWaiting(boolean parking) {
        Waits.alwaysPark = parking;
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            Thread.currentThread().interrupt();
            pair.right.send("x");
            assertTrue(Thread.interrupted());
            assertEquals("x", pair.left.receive(Pair.PATIENCE).string());
            Thread.currentThread().interrupt();
            assertThrows(ZMQException.InterruptedSystemCall.class, () -> pair.left.receive(Duration.ofDays(1)));
            assertTrue(Thread.interrupted());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void timeoutsHold(boolean parking) {
        Waits.alwaysPark = parking;
        try (Pair pair = new Pair(SocketType.PULL, SocketType.PUSH)) {
            long begun = System.nanoTime();
            assertThrows(ZMQException.Again.class, () -> pair.left.receive(Duration.ofMillis(60)));
            long taken = System.nanoTime() - begun;
            assertTrue(taken >= 60_000_000 && taken < Pair.PATIENCE.toNanos() / 2, taken + " ns");
        }
    }

    /// What a blocked call of this name tries once the engine waits for it; null when the time is over.
    private static Object attempt(String call, NativeSocket socket, long limit, long mark) {
        return switch (call) {
            case "recv" -> socket.receive(limit, mark);
            case "send" -> socket.send(new byte[0], limit, mark) ? "sent" : null;
            default -> {
                NativeSocket[] sockets = {socket};
                int[] events = {ZMQ.Poller.POLLIN};
                yield NativePoll.waitFor(sockets, events, new int[1], limit, mark) > 0 ? "ready" : null;
            }
        };
    }

    /// Another thread interrupts this one, which must not wait meanwhile: it would hear of it.
    private static void interruptFromElsewhere(Thread waiting) {
        Thread interrupting = new Thread(waiting::interrupt);
        interrupting.start();
        while (interrupting.isAlive()) {
            Thread.onSpinWait();
        }
    }

    private static void spin(long nanoseconds) {
        long end = System.nanoTime() + nanoseconds;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }
}
