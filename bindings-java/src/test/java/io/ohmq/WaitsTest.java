// What a call answers that had to wait: by parking, or inside the engine.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitsTest {
    @AfterEach
    void waitAsUsual() {
        Waits.alwaysPark = false;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSendThatHadToWaitSaysThatItSent(boolean parking) throws Exception {
        Waits.alwaysPark = parking;
        try (ZContext context = new ZContext()) {
            Socket pull = context.createSocket(SocketType.PULL);
            pull.setRcvHWM(1);
            pull.bind("inproc://waits-for-room");
            Socket push = context.createSocket(SocketType.PUSH);
            push.setSndHWM(1);
            push.connect("inproc://waits-for-room");
            fill(push);
            assertTrue(afterRoom(push, pull, () -> push.send("text")));
            fill(push);
            assertTrue(afterRoom(push, pull, () -> {
                push.send(Message.of("whole"), null);
                return true;
            }));
            fill(push);
            assertTrue(afterRoom(push, pull, () -> push.sendMore("one") && push.send("two")));
            fill(push);
            ZMsg message = ZMsg.newStringMsg("frame");
            assertTrue(afterRoom(push, pull, () -> message.send(push)));
            assertTrue(message.isEmpty());
            fill(push);
            push.setSendTimeOut(1);
            assertFalse(push.send("too late"));
            assertEquals(ErrorCode.EAGAIN.getCode(), push.errno());
        }
    }

    private static void fill(Socket push) {
        while (push.trySend(Message.of("fill"))) {
            // Until there is no room.
        }
    }

    /** Sends on another thread, makes room once that waits, and takes everything; what the send answered. */
    private static boolean afterRoom(Socket push, Socket pull, Callable<Boolean> send) throws Exception {
        FutureTask<Boolean> task = new FutureTask<>(send);
        CountDownLatch about = new CountDownLatch(1);
        Thread sending = new Thread(() -> {
            about.countDown();
            task.run();
        });
        sending.start();
        about.await();
        // A thread that parks is seen to wait. One that waits inside the engine runs, for Java.
        while (Waits.alwaysPark && sending.getState() != Thread.State.WAITING && sending.isAlive()) {
            Thread.onSpinWait();
        }
        long before = push.stats().get("sent_accepted");
        while (pull.tryReceive().isPresent() || push.stats().get("sent_accepted") == before && sending.isAlive()) {
            Thread.onSpinWait();
        }
        return task.get(20, TimeUnit.SECONDS);
    }

    /** A call that waited meets its socket closed, when the end of the context was faster than it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theEndOfTheContextIsWhatEndsACall(boolean parking) {
        Waits.alwaysPark = parking;
        ZContext context = new ZContext();
        NativeSocket socket = context.createSocket(SocketType.DEALER).peer();
        Futures futures = new Futures(socket);
        context.close();
        NativeSocket[] sockets = {socket};
        Class<ZMQException.ContextTerminated> ended = ZMQException.ContextTerminated.class;
        assertThrows(ended, () -> Waits.receive(socket, futures, 20_000));
        assertThrows(ended, () -> Waits.send(socket, futures, new byte[0], 20_000));
        assertThrows(ended, () -> Waits.poll(sockets, new int[] {ZMQ.Poller.POLLIN}, new int[1], 20_000));
    }
}
