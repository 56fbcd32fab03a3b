// Operations of one socket that wait without a thread.
package io.ohmq;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Receives and sends under way, each kind in the order it was asked for. A future leaves its set exactly once, under the
 * lock: either it is cancelled, and then nothing was taken or sent for it, or its operation is done, and then it cannot
 * be cancelled any more. So cancelling loses nothing.
 */
final class Futures {
    private final NativeSocket socket;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Pending<Message>> receives = new LinkedHashSet<>();
    private final Set<Pending<Void>> sends = new LinkedHashSet<>();
    /** The send whose message the engine has, waiting for room; the first of its set. */
    private Pending<Void> offered;

    Futures(NativeSocket socket) {
        this.socket = socket;
    }

    /** @param direct whether only a waiting thread is attached to it, so that completing it runs no foreign code */
    CompletableFuture<Message> receive(boolean direct) {
        return start(new Pending<>(null, direct), receives, this::proceedReceives);
    }

    CompletableFuture<Void> send(Object body, boolean direct) {
        return start(new Pending<>(body, direct), sends, this::proceedSends);
    }

    /** Finishes what can be finished now. */
    void proceed() {
        List<Done> done = new ArrayList<>();
        lock.lock();
        try {
            proceedReceives(done);
            proceedSends(done);
            attend();
        } finally {
            lock.unlock();
        }
        for (Done each : done) {
            if (each.direct) {
                each.completion.run();
            } else {
                Dispatcher.callback(each.completion);
            }
        }
    }

    private <T> CompletableFuture<T> start(Pending<T> pending, Set<Pending<T>> all, Step step) {
        // First of all: when that fails, nothing is left that would take a message.
        Dispatcher.begin();
        List<Done> done = new ArrayList<>();
        lock.lock();
        try {
            pending.home = all;
            all.add(pending);
            // Before the engine is asked: its answer may come before the next line.
            attend();
            if (all.size() == 1) {
                step.proceed(done);
                attend();
            }
        } finally {
            lock.unlock();
        }
        // Nothing can be attached yet to a future that nobody has.
        done.forEach(each -> each.completion.run());
        return pending;
    }

    private interface Step {
        void proceed(List<Done> done);
    }

    /** A future that has left its set, to be completed outside the lock. */
    private record Done(boolean direct, Runnable completion) {}

    private void proceedReceives(List<Done> done) {
        for (Iterator<Pending<Message>> all = receives.iterator(); all.hasNext();) {
            Pending<Message> first = all.next();
            try {
                Object body = socket.watchReceive();
                if (body == null) {
                    return;
                }
                done.add(first.done(new Message(body)));
            } catch (Throwable failure) {
                done.add(first.failed(failure));
            }
            all.remove();
        }
    }

    private void proceedSends(List<Done> done) {
        for (Iterator<Pending<Void>> all = sends.iterator(); all.hasNext();) {
            Pending<Void> first = all.next();
            try {
                boolean sent = first == offered ? socket.watchSendAgain() : socket.watchSend(first.body);
                offered = sent ? null : first;
                if (!sent) {
                    return;
                }
                done.add(first.done(null));
            } catch (Throwable failure) {
                offered = null;
                done.add(first.failed(failure));
            }
            all.remove();
        }
    }

    /** While something waits, the dispatcher knows this object, which keeps the socket open. */
    private void attend() {
        if (receives.isEmpty() && sends.isEmpty()) {
            Dispatcher.forget(socket.handle);
        } else {
            Dispatcher.expect(socket.handle, this);
        }
    }

    /** Takes a future out before its operation is done; false when it is too late for that. */
    private boolean withdraw(Pending<?> pending) {
        boolean next = false;
        lock.lock();
        try {
            if (pending.home == null || !pending.home.remove(pending)) {
                return false;
            }
            if (pending == offered) {
                socket.giveUpSend();
                offered = null;
                next = !sends.isEmpty();
            }
            attend();
        } finally {
            lock.unlock();
        }
        if (next) {
            proceed();
        }
        return true;
    }

    /** A future that ends in one way only: whatever ends it otherwise takes it out first. */
    private final class Pending<T> extends CompletableFuture<T> {
        private final Object body;
        private final boolean direct;
        private Set<Pending<T>> home;

        Pending(Object body, boolean direct) {
            this.body = body;
            this.direct = direct;
        }

        Done done(T value) {
            return new Done(direct, () -> super.complete(value));
        }

        Done failed(Throwable failure) {
            Throwable cause = failure instanceof ZMQException known ? socket.ended(known) : failure;
            return new Done(direct, () -> super.completeExceptionally(cause));
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            return withdraw(this) && super.cancel(mayInterrupt);
        }

        @Override
        public boolean complete(T value) {
            return withdraw(this) && super.complete(value);
        }

        @Override
        public boolean completeExceptionally(Throwable failure) {
            return withdraw(this) && super.completeExceptionally(failure);
        }

        @Override
        public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
            Objects.requireNonNull(supplier, "a supplier");
            executor.execute(() -> {
                try {
                    if (!isDone()) {
                        complete(supplier.get());
                    }
                } catch (Throwable failure) {
                    completeExceptionally(failure);
                }
            });
            return this;
        }

        @Override
        public void obtrudeValue(T value) {
            withdraw(this);
            super.obtrudeValue(value);
        }

        @Override
        public void obtrudeException(Throwable failure) {
            withdraw(this);
            super.obtrudeException(failure);
        }

        @Override
        public <U> CompletableFuture<U> newIncompleteFuture() {
            return new CompletableFuture<>();
        }
    }
}
