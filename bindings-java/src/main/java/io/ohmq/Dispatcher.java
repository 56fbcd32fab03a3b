// Brings the engine's news to the futures that wait for them.
package io.ohmq;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One thread that is told which sockets may go on, and others that run what is attached to their futures. */
final class Dispatcher {
    /** How long the end of the program waits for the dispatching thread. */
    private static final long PATIENCE = 1000;

    /** Futures under way, which must not be collected: by the number of their socket. */
    private static final Map<Long, Futures> WAITING = new ConcurrentHashMap<>();

    private static final Executor CALLBACKS = callbacks();

    static {
        Thread dispatching = daemon(Dispatcher::dispatch, "ohmq-dispatch");
        dispatching.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(dispatching), "ohmq-end"));
    }

    private Dispatcher() {}

    static void expect(long handle, Futures futures) {
        WAITING.put(handle, futures);
    }

    static void forget(long handle) {
        WAITING.remove(handle);
    }

    /** Runs what users attached to a future. It may block: the threads are as many as it takes. */
    static void callback(Runnable completion) {
        CALLBACKS.execute(completion);
    }

    private static void dispatch() {
        for (long handle = nextRung(); handle != 0; handle = nextRung()) {
            Futures futures = WAITING.get(handle);
            if (futures != null) {
                futures.proceed();
            }
        }
    }

    /** No thread may be left inside native code when the virtual machine goes away. */
    private static void end(Thread dispatching) {
        stopRinging();
        try {
            dispatching.join(PATIENCE);
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }

    private static Executor callbacks() {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(),
                task -> daemon(task, "ohmq-callback-" + number.incrementAndGet()));
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private static native long nextRung();

    private static native void stopRinging();
}
