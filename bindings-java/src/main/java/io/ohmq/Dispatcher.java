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
    /** Futures under way, which must not be collected: by the number of their socket. */
    private static final Map<Long, Futures> WAITING = new ConcurrentHashMap<>();

    /** Runs what is attached to futures. Tests put others here. */
    static volatile Executor callbacks = callbacks();

    private static volatile boolean dispatching;

    private Dispatcher() {}

    /** Starts the thread that dispatches, if it does not run yet. Who only closes sockets needs none. */
    static void begin() {
        if (!dispatching) {
            start();
        }
    }

    private static synchronized void start() {
        if (!dispatching) {
            daemon(Dispatcher::dispatch, "ohmq-dispatch").start();
            dispatching = true;
        }
    }

    static void expect(long handle, Futures futures) {
        WAITING.put(handle, futures);
    }

    static void forget(long handle) {
        WAITING.remove(handle);
    }

    /**
     * Runs what users attached to a future. It may block: the threads are as many as it takes. Where no more can be had it
     * runs here, and may keep the dispatcher busy: that is better than a future that never ends.
     */
    static void callback(Runnable completion) {
        try {
            callbacks.execute(completion);
        } catch (OutOfMemoryError noThread) {
            completion.run();
        }
    }

    /** Goes on whatever happens: all futures of all sockets depend on it. */
    private static void dispatch() {
        while (true) {
            Futures futures = WAITING.get(nextRung());
            try {
                if (futures != null) {
                    futures.proceed();
                }
            } catch (Throwable problem) {
                Thread self = Thread.currentThread();
                self.getUncaughtExceptionHandler().uncaughtException(self, problem);
            }
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
}
