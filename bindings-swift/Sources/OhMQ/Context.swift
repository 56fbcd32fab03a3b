// The context: owner of the engine's threads and of every socket's lingering messages.

import Foundation
internal import OhMQControl

/// The owner of the engine's I/O threads. One per program is usual; sockets of one context can talk over `inproc`.
///
/// A context lives as long as anything refers to it, its sockets included. All methods may be called from any thread or task.
public final class Context: Sendable {
    private let engine: EngineContext

    /// A new context with the default options.
    ///
    /// - Throws: `.einval` when the static library in the program has another version than this package.
    public init() throws(OhMQError) {
        let found = engineVersion()
        guard found == ohmqVersion else {
            throw OhMQError(.einval, "context", "the static library is version \(found), the package \(ohmqVersion)")
        }
        engine = EngineContext()
    }

    /// A new socket of this context.
    public func socket(_ type: SocketType) throws(OhMQError) -> Socket {
        try socket(rawType: type.rawValue)
    }

    /// A new socket of the type with this number, which the engine checks.
    public func socket(rawType: Int32) throws(OhMQError) -> Socket {
        let socket = try OhMQError.typed("socket") { try engine.socket(socketType: rawType) }
        return Socket(engine: socket, rawType: rawType, context: self)
    }

    /// Sets an option of the context.
    public func set(_ option: ContextOption, to value: Int) throws(OhMQError) {
        try set(rawOption: option.rawValue, to: value)
    }

    /// Reads an option of the context.
    public func get(_ option: ContextOption) throws(OhMQError) -> Int {
        try get(rawOption: option.rawValue)
    }

    /// Sets the option with this number, which the engine checks.
    public func set(rawOption: Int32, to value: Int) throws(OhMQError) {
        // What no C int can hold is out of every option's range.
        guard let value = Int32(exactly: value) else {
            throw OhMQError(.einval, "set context option", "\(rawOption) to \(value)")
        }
        try OhMQError.typed("set context option") { try engine.set(option: rawOption, value: value) }
    }

    /// Reads the option with this number, which the engine checks.
    public func get(rawOption: Int32) throws(OhMQError) -> Int {
        Int(try OhMQError.typed("get context option") { try engine.get(option: rawOption) })
    }

    /// Ends every wait on the context's sockets with `.eterm`, and every later call on them. Never waits; does nothing after
    /// ``terminate()``.
    public func shutdown() throws(OhMQError) {
        try OhMQError.typed("shutdown") { try engine.shutdown() }
    }

    /// Shuts down, then waits until every socket is closed and its messages are sent or their linger time is over.
    ///
    /// A socket that is still open keeps this waiting. Cancelling the task ends the wait (`.eintr`), not the termination.
    public func terminate() async throws(OhMQError) {
        let engine = self.engine
        let waiter = Guarded<Termination>(.running)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    let outcome = Context.outcome { () throws(OhMQError) in
                        try OhMQError.typed("terminate") { try engine.terminate() }
                    }
                    Context.finish(waiter, outcome)
                }
                thread.name = "ohmq terminate"
                Context.wait(waiter, continuation)
                thread.start()
            }
        } onCancel: {
            Context.finish(waiter, .failure(OhMQError(.eintr, "terminate", OhMQError.cancelledTask)))
        }
        try result.get()
    }

    /// ``terminate()`` for plain threads: blocks the calling thread.
    @available(*, noasync, message: "use `await terminate()`")
    public func terminateBlocking() throws(OhMQError) {
        try OhMQError.typed("terminate") { try engine.terminate() }
    }

    private typealias Outcome = Result<Void, OhMQError>

    private enum Termination {
        case running
        case awaited(CheckedContinuation<Outcome, Never>)
        case finished(Outcome)
    }

    private static func outcome(_ body: () throws(OhMQError) -> Void) -> Outcome {
        do {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }

    private static func wait(_ waiter: Guarded<Termination>, _ continuation: CheckedContinuation<Outcome, Never>) {
        let finished: Outcome? = waiter.withLock { state in
            if case .finished(let outcome) = state { return outcome }
            state = .awaited(continuation)
            return nil
        }
        if let finished { continuation.resume(returning: finished) }
    }

    /// The first outcome counts: the termination's or the cancellation's. Resumes outside the lock, as `Waiters` does.
    private static func finish(_ waiter: Guarded<Termination>, _ outcome: Outcome) {
        let awaiting: CheckedContinuation<Outcome, Never>? = waiter.withLock { state in
            switch state {
            case .finished: return nil
            case .running:
                state = .finished(outcome)
                return nil
            case .awaited(let continuation):
                state = .finished(outcome)
                return continuation
            }
        }
        awaiting?.resume(returning: outcome)
    }
}
