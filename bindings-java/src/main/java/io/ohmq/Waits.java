// Blocking calls: try, then wait in a way that suits the thread, and can be interrupted.
package io.ohmq;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits. A platform thread waits inside the engine, which wakes it directly. A virtual thread would keep its carrier
 * there, so it parks in Java instead; so does every thread when the system property {@value #PARK} is true.
 */
final class Waits {
    static final String PARK = "io.ohmq.park";
    static final long FOREVER = -1;

    /** After how many milliseconds a wait looks for an interrupt itself for the first time. */
    private static final long FIRST_LOOK = 2;

    static volatile boolean alwaysPark = Boolean.getBoolean(PARK);

    private static final MethodHandle IS_VIRTUAL = findIsVirtual();

    private Waits() {}

    /** Something that waits natively for at most so many milliseconds; null when the time was over. */
    interface Attempt<T> {
        /** {@code mark} is one of the socket that is interrupted with the thread. */
        T within(long milliseconds, long mark);
    }

    /** Receives; null when the time is over. */
    static Object receive(NativeSocket socket, Futures futures, long milliseconds) {
        if (parks()) {
            Message message = parked(futures.receive(true), milliseconds, "receive");
            return message == null ? null : message.body();
        }
        return blocked(socket, milliseconds, "receive", socket::receive);
    }

    /** Sends; false when the time is over. */
    static boolean send(NativeSocket socket, Futures futures, Object body, long milliseconds) {
        if (parks()) {
            CompletableFuture<Void> sent = futures.send(body, true);
            parked(sent, milliseconds, "send");
            return !sent.isCancelled();
        }
        Attempt<Boolean> attempt = (limit, mark) -> socket.send(body, limit, mark) ? Boolean.TRUE : null;
        return blocked(socket, milliseconds, "send", attempt) != null;
    }

    /** Waits until one of the sockets is ready; says how many are. There must be one at least. */
    static int poll(NativeSocket[] sockets, int[] events, int[] ready, long milliseconds) {
        Attempt<Integer> attempt = (limit, mark) -> {
            int count = NativePoll.waitFor(sockets, events, ready, limit, mark);
            return count == 0 ? null : count;
        };
        // A mere look keeps nobody's carrier.
        if (!parks() || milliseconds == 0) {
            Integer count = blocked(sockets[0], milliseconds, "poll", attempt);
            return count == null ? 0 : count;
        }
        // The engine's poller wants a thread: a platform thread waits on behalf of the one that must not.
        return onBehalf(() -> {
            Integer count = blocked(sockets[0], milliseconds, "poll", attempt);
            return count == null ? 0 : count;
        });
    }

    /** Whether this thread must not wait inside native code. */
    static boolean parks() {
        if (alwaysPark) {
            return true;
        }
        if (IS_VIRTUAL == null) {
            return false;
        }
        try {
            return (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The exception of a call that an interrupt ended. The thread stays marked as interrupted. */
    static ZMQException interrupted(String operation) {
        return ZMQException.of(ErrorCode.EINTR, operation, "the thread was interrupted");
    }

    /**
     * Waits inside the engine, until {@code attempt} has ended or the thread is interrupted.
     *
     * <p>{@link Thread#interrupt} looks whom it has to tell before it marks the thread: one that was about to mark it when
     * this wait began tells nobody. So the wait looks for the mark itself, each time after twice the time: an interrupt
     * that needed so long to come through is seen after as long again, and a long wait is hardly ever disturbed.
     */
    static <T> T blocked(NativeSocket socket, long milliseconds, String operation, Attempt<T> attempt) {
        long begun = System.nanoTime();
        Interruption interruption = Interruption.during(socket);
        try {
            long left = milliseconds;
            long look = FIRST_LOOK;
            while (true) {
                // Before the question: an interrupt after it ends the attempt, even one that has not begun.
                long mark = socket.mark();
                if (interruption.happened() || Thread.currentThread().isInterrupted()) {
                    throw interrupted(operation);
                }
                try {
                    boolean last = left != FOREVER && left <= look;
                    T result = attempt.within(last ? left : look, mark);
                    if (result != null || last) {
                        return result;
                    }
                    look *= 2;
                } catch (ZMQException.NotASocket closed) {
                    throw socket.ended(closed);
                } catch (ZMQException.InterruptedSystemCall another) {
                    // Another thread on this socket was meant, or a signal came: unless it was us, go on.
                }
                left = left(milliseconds, begun);
            }
        } finally {
            interruption.over();
        }
    }

    private static long left(long milliseconds, long begun) {
        if (milliseconds < 0) {
            return FOREVER;
        }
        long spent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        return Math.max(0, milliseconds - spent);
    }

    /** Waits for a future; what it was for is undone when the wait ends first, or done when it was too late for that. */
    private static <T> T parked(CompletableFuture<T> future, long milliseconds, String operation) {
        try {
            return milliseconds < 0 ? future.get() : future.get(milliseconds, TimeUnit.MILLISECONDS);
        } catch (TimeoutException over) {
            return future.cancel(false) ? null : joined(future);
        } catch (InterruptedException interrupt) {
            boolean undone = future.cancel(false);
            Thread.currentThread().interrupt();
            if (undone) {
                throw interrupted(operation);
            }
            return joined(future);
        } catch (ExecutionException failure) {
            throw raised(failure.getCause());
        }
    }

    private static <T> T joined(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException failure) {
            throw raised(failure.getCause());
        }
    }

    /** Runs a call on a thread of its own and waits for it, so that an interrupt can end the waiting. */
    static <T> T onBehalf(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread helper = new Thread(task, "ohmq-wait");
        helper.setDaemon(true);
        helper.start();
        try {
            return task.get();
        } catch (InterruptedException interrupt) {
            helper.interrupt();
            Thread.currentThread().interrupt();
            throw interrupted("wait");
        } catch (ExecutionException failure) {
            throw raised(failure.getCause());
        }
    }

    /** What a call elsewhere failed with, to be thrown here. */
    static RuntimeException raised(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException expected ? expected : new IllegalStateException(cause);
    }

    private static MethodHandle findIsVirtual() {
        try {
            MethodType type = MethodType.methodType(boolean.class);
            return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", type);
        } catch (ReflectiveOperationException olderJava) {
            return null;
        }
    }
}
