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
    /// Nobody tries while another in the same lane has to wait.
    ///
    /// `attempt` returns nil when it would have to wait; it is called with the lock held and on any thread.
    func wait<Value: Sendable>(
        in lane: LaneName, _ operation: String, timeout: Duration?,
        _ attempt: @escaping @Sendable () throws(OhMQError) -> Value?
    ) async throws(OhMQError) -> Value {
        let waiter = Waiter(
            name: lane, operation: operation, deadline: Deadline(after: timeout), attempt: attempt)
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
        state.withLock { $0.lanes.count }
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
                schedule(&state, waiter.deadline)
                let first = state.lanes.append(waiter)
                if first { begin(&state, waiter) }
            }
        }
    }

    /// Somebody waits in a lane where nobody did.
    private func begin(_ state: inout State, _ waiter: AnyWaiter) {
        guard state.armed.isSuperset(of: waiter.name.events) else { return pump(&state) }
        // Armed before this try, so the descriptor tells of every change after it; the other lanes have nothing new.
        guard let served = state.lanes.serve(waiter.name) else { return }
        state.ended.append(served)
    }

    private func cancel(_ waiter: AnyWaiter) {
        change { state in
            waiter.cancelled = true
            if state.lanes.remove(waiter) {
                state.fail(waiter, OhMQError(.eintr, waiter.operation, OhMQError.cancelledTask))
            }
        }
    }

    /// Serves those who can be served, first come first, and watches the descriptor for the others.
    private func pump(_ state: inout State) {
        var armed = false
        for _ in 0..<turnLimit {
            let served = state.serve()
            if state.lanes.count == 0 { return state.pause() }
            // What is ready is so for others: another of a ROUTER's peers has room, or a publisher that asks none. Armed
            // before this look, so the descriptor tells of every change after it.
            if armed, !served { return watch(&state) }
            var ready: UInt32 = 0
            let errno = ohmq_swift_arm(handle, state.lanes.wanted.rawValue, &ready)
            guard errno == 0 else {
                let error = OhMQError.last(errno, "wait")
                return state.failAll { _ in error }
            }
            state.armed = state.lanes.wanted
            if ready == 0 { return watch(&state) }
            armed = true
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
        let copy = errno == 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0) : -1
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
            _ = state.serve()
            let waiting = state.lanes.all
            for waiter in waiting where waiter.deadline.map({ $0.time <= now }) ?? false {
                state.lanes.remove(waiter)
                state.fail(waiter, OhMQError(.eagain, waiter.operation, "the time is up"))
            }
            if state.lanes.count == 0 { state.pause() }
            schedule(&state, waiting.filter { $0.lane != nil }.compactMap(\.deadline).min())
        }
    }
}

/// How often one turn serves and looks again before it lets others run.
private let turnLimit = 64

/// Where descriptors and deadlines are looked after, for all sockets.
private let queue = DispatchQueue(label: "ohmq.waiters", qos: .userInitiated, attributes: .concurrent)

private struct State {
    var lanes = Lanes()
    /// Those whose wait has ended and who are to be resumed.
    var ended: [AnyWaiter] = []
    /// What a change raises the descriptor for.
    var armed = Events()
    var source: DispatchSourceRead?
    /// Whether the source is suspended: nobody waits.
    var paused = true
    /// The earliest deadline that something is scheduled for.
    var alarm: Deadline?
    var closed = false

    /// Gives every lane its turn; true when that has ended somebody's wait.
    mutating func serve() -> Bool {
        let served = lanes.serve()
        ended.append(contentsOf: served)
        return !served.isEmpty
    }

    mutating func fail(_ waiter: AnyWaiter, _ error: OhMQError) {
        waiter.fail(error)
        ended.append(waiter)
    }

    mutating func failAll(_ error: (AnyWaiter) -> OhMQError) {
        for waiter in lanes.all {
            lanes.remove(waiter)
            fail(waiter, error(waiter))
        }
        pause()
    }

    /// To be called when nobody waits any more.
    mutating func pause() {
        armed = []
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
struct Deadline: Comparable, Sendable {
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

private final class Waiter<Value: Sendable>: AnyWaiter, @unchecked Sendable {
    var continuation: CheckedContinuation<Result<Value, OhMQError>, Never>?
    private var result: Result<Value, OhMQError>?
    private let body: @Sendable () throws(OhMQError) -> Value?

    init(
        name: LaneName, operation: String, deadline: Deadline?,
        attempt: @escaping @Sendable () throws(OhMQError) -> Value?
    ) {
        body = attempt
        super.init(name: name, operation: operation, deadline: deadline)
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
