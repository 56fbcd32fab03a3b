// The tasks that wait for one socket, and the descriptor that wakes them.

internal import COhMQ
import Dispatch
import Foundation

/// The line of tasks that wait to send or to receive on one socket.
///
/// The engine's rule for waiting is: try; if there is nothing, *arm*, which clears the socket's descriptor and tells what is
/// ready by then; if still nothing, wait until the descriptor is readable. All of it happens here under one lock, and so does
/// the step from "waits" to "has its message" or "was cancelled": a task gets exactly one of the two, so a cancelled wait
/// takes nothing from the socket and puts nothing on it. Only the task itself is resumed after the lock is let go: the runtime
/// holds a lock of its own around both resuming and cancelling a task, and cancelling takes ours inside it.
final class Waiters: Sendable {
    private let handle: UInt64
    private let state = Guarded(State())

    init(handle: UInt64) {
        self.handle = handle
    }

    /// Tries until it succeeds or fails, the time is up (`.eagain`), or the task is cancelled (`.eintr`).
    ///
    /// `attempt` returns nil when it would have to wait; it is called with the lock held and on any thread.
    func wait<Value: Sendable>(
        for events: Events, _ operation: String, timeout: Duration?,
        _ attempt: @escaping @Sendable () throws(OhMQError) -> Value?
    ) async throws(OhMQError) -> Value {
        let waiter = Waiter(events: events, operation: operation, deadline: Deadline(after: timeout), attempt: attempt)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(waiter) { waiter.continuation = continuation }
            }
        } onCancel: {
            cancel(waiter)
        }
        return try result.get()
    }

    /// How many tasks wait now.
    var count: Int {
        state.withLock { $0.line.count }
    }

    /// Ends every wait with `.enotsock`, for good.
    func close() {
        change { state in
            state.closed = true
            state.failAll { OhMQError(.enotsock, $0.operation, "the socket was closed") }
            state.stopWatching()
        }
    }

    /// Changes the state under the lock, then resumes those whose wait that has ended.
    private func change(_ body: (inout State) -> Void) {
        let ended = state.withLock { state in
            body(&state)
            defer { state.ended = [] }
            return state.ended
        }
        for waiter in ended { waiter.resume() }
    }

    private func enqueue(_ waiter: AnyWaiter, _ prepare: () -> Void) {
        change { state in
            prepare()
            if waiter.cancelled {
                state.fail(waiter, OhMQError(.eintr, waiter.operation, OhMQError.cancelledTask))
            } else if state.closed {
                state.fail(waiter, OhMQError(.enotsock, waiter.operation, "the socket was closed"))
            } else {
                state.line.append(waiter)
                schedule(&state, waiter.deadline)
                pump(&state)
            }
        }
    }

    private func cancel(_ waiter: AnyWaiter) {
        change { state in
            waiter.cancelled = true
            if state.remove(waiter) {
                state.fail(waiter, OhMQError(.eintr, waiter.operation, OhMQError.cancelledTask))
            }
        }
    }

    /// Serves those who can be served, first come first, and watches the descriptor for the others.
    private func pump(_ state: inout State) {
        for _ in 0..<turnLimit {
            state.serve()
            guard !state.line.isEmpty else { return state.pause() }
            var ready: UInt32 = 0
            let errno = ohmq_swift_arm(handle, state.wanted.rawValue, &ready)
            guard errno == 0 else {
                let error = OhMQError.last(errno, "wait")
                state.failAll { _ in error }
                return state.pause()
            }
            if ready == 0 { return watch(&state) }
        }
        // Much to do: let the thread do something else in between.
        queue.async { [weak self] in self?.wake() }
    }

    /// The descriptor became readable, or there is more to do.
    private func wake() {
        change { state in
            guard !state.closed else { return }
            pump(&state)
        }
    }

    private func watch(_ state: inout State) {
        if let source = state.source {
            if state.paused {
                state.paused = false
                source.resume()
            }
            return
        }
        // A copy of the descriptor, so that the engine can close its own at any time while Dispatch still watches.
        var descriptor: Int32 = -1
        let errno = ohmq_swift_descriptor(handle, &descriptor)
        let copy = errno == 0 ? dup(descriptor) : -1
        guard copy >= 0 else {
            let error = errno == 0 ? OhMQError(.emfile, "wait", "dup") : OhMQError.last(errno, "wait")
            return state.failAll { _ in error }
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: copy, queue: queue)
        source.setEventHandler { [weak self] in self?.wake() }
        source.setCancelHandler { _ = Foundation.close(copy) }
        state.source = source
        state.paused = false
        source.activate()
    }

    /// Makes sure that somebody looks at the clock at the deadline.
    private func schedule(_ state: inout State, _ deadline: Deadline?) {
        guard let deadline, state.alarm.map({ deadline < $0 }) ?? true else { return }
        state.alarm = deadline
        queue.asyncAfter(deadline: deadline.time) { [weak self] in self?.expire(deadline) }
    }

    private func expire(_ alarm: Deadline) {
        change { state in
            guard state.alarm == alarm, !state.closed else { return }
            state.alarm = nil
            let now = DispatchTime.now()
            state.serve()
            for waiter in state.line where waiter.deadline.map({ $0.time <= now }) ?? false {
                _ = state.remove(waiter)
                state.fail(waiter, OhMQError(.eagain, waiter.operation, "the time is up"))
            }
            if state.line.isEmpty { state.pause() }
            schedule(&state, state.line.compactMap(\.deadline).min())
        }
    }
}

/// How often one turn serves and looks again before it lets others run.
private let turnLimit = 64

/// Where descriptors and deadlines are looked after, for all sockets.
private let queue = DispatchQueue(label: "ohmq.waiters", qos: .userInitiated, attributes: .concurrent)

private struct State {
    /// Waiting tasks, first come first.
    var line: [AnyWaiter] = []
    /// Those whose wait has ended and who are to be resumed.
    var ended: [AnyWaiter] = []
    var source: DispatchSourceRead?
    /// Whether the source is suspended: nobody waits.
    var paused = true
    /// The earliest deadline that something is scheduled for.
    var alarm: Deadline?
    var closed = false

    var wanted: Events {
        line.reduce(into: Events()) { $0.formUnion($1.events) }
    }

    /// Gives everybody a try, in order; behind one who must wait, nobody in the same direction is served.
    mutating func serve() {
        var blocked = Events()
        var left: [AnyWaiter] = []
        for waiter in line {
            if blocked.isDisjoint(with: waiter.events), waiter.attempt() {
                ended.append(waiter)
            } else {
                blocked.formUnion(waiter.events)
                left.append(waiter)
            }
        }
        line = left
    }

    mutating func remove(_ waiter: AnyWaiter) -> Bool {
        guard let position = line.firstIndex(where: { $0 === waiter }) else { return false }
        line.remove(at: position)
        return true
    }

    mutating func fail(_ waiter: AnyWaiter, _ error: OhMQError) {
        waiter.fail(error)
        ended.append(waiter)
    }

    mutating func failAll(_ error: (AnyWaiter) -> OhMQError) {
        for waiter in line { fail(waiter, error(waiter)) }
        line.removeAll()
    }

    mutating func pause() {
        guard let source, !paused else { return }
        paused = true
        source.suspend()
    }

    mutating func stopWatching() {
        source?.cancel()
        // A suspended source would never get round to its cancellation.
        if let source, paused { source.resume() }
        source = nil
        paused = true
    }
}

/// A point in time until which to wait.
private struct Deadline: Comparable, Sendable {
    let time: DispatchTime

    /// None for no timeout, and for one that no clock will see the end of.
    init?(after timeout: Duration?) {
        guard let timeout else { return nil }
        let milliseconds = timeout.milliseconds
        guard milliseconds < Int64(Int32.max) * 1000 else { return nil }
        time = .now() + .milliseconds(Int(max(milliseconds, 0)))
    }

    static func < (left: Deadline, right: Deadline) -> Bool {
        left.time < right.time
    }
}

/// One waiting task. Everything that changes is touched only with the lock of its `Waiters` held.
private class AnyWaiter: @unchecked Sendable {
    let events: Events
    let operation: String
    let deadline: Deadline?
    var cancelled = false

    init(events: Events, operation: String, deadline: Deadline?) {
        self.events = events
        self.operation = operation
        self.deadline = deadline
    }

    /// True when the wait is over, one way or the other.
    func attempt() -> Bool { true }
    func fail(_ error: OhMQError) {}
    /// Lets the task go on with what it got. Not to be called with the lock held.
    func resume() {}
}

private final class Waiter<Value: Sendable>: AnyWaiter, @unchecked Sendable {
    var continuation: CheckedContinuation<Result<Value, OhMQError>, Never>?
    private var result: Result<Value, OhMQError>?
    private let body: @Sendable () throws(OhMQError) -> Value?

    init(
        events: Events, operation: String, deadline: Deadline?,
        attempt: @escaping @Sendable () throws(OhMQError) -> Value?
    ) {
        body = attempt
        super.init(events: events, operation: operation, deadline: deadline)
    }

    override func attempt() -> Bool {
        do {
            guard let value = try body() else { return false }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        return true
    }

    override func fail(_ error: OhMQError) {
        result = .failure(error)
    }

    override func resume() {
        guard let result else { return }
        continuation?.resume(returning: result)
    }
}
