// The one error type of the package, and how it comes out of the engine.

internal import OhMQControl

/// What went wrong: a code of the table that all languages share, what was tried, and on what.
public struct OhMQError: Error, Sendable, Hashable {
    /// The error's code, such as `.eaddrinuse`.
    public let code: ErrorCode
    /// The operation, such as `bind`.
    public let operation: String
    /// What it was tried on, such as the endpoint; may be empty.
    public let subject: String
    /// The whole sentence.
    public let message: String

    /// The number of the code: POSIX's where there is one, else ZeroMQ's own.
    public var errno: Int32 { code.rawValue }

    /// Whether the error says "not now": the call would have to wait, or its time was up.
    public var isAgain: Bool { code == .eagain }

    /// Whether the task was cancelled while it waited. Nothing was sent or received.
    public var isCancellation: Bool { code == .eintr && subject == OhMQError.cancelledTask }

    static let cancelledTask = "the task was cancelled"
}

extension OhMQError: CustomStringConvertible {
    public var description: String { message }
}

extension OhMQError {
    init(_ code: ErrorCode, _ operation: String, _ subject: String = "") {
        self.code = code
        self.operation = operation
        self.subject = subject
        let context = subject.isEmpty ? operation : "\(operation): \(subject)"
        message = "\(code.name): \(code.message) (\(context))"
    }

    init(errno: Int32, text: String, operation: String, subject: String) {
        code = ErrorCode(rawValue: errno) ?? .efault
        self.operation = operation
        self.subject = subject
        message = text
    }

    init(_ error: EngineErrorRecord) {
        self.init(errno: error.errno, text: error.text, operation: error.operation, subject: error.subject)
    }

    /// The error behind a number that a C function of the message plane just returned on this thread.
    static func last(_ errno: Int32, _ operation: String) -> OhMQError {
        if let error = takeLastError(), error.errno == errno {
            return OhMQError(error)
        }
        return OhMQError(ErrorCode(rawValue: errno) ?? .efault, operation)
    }

    /// Runs a call of the control plane and gives its error this package's type.
    static func typed<R>(_ operation: String, _ body: () throws -> R) throws(OhMQError) -> R {
        do {
            return try body()
        } catch let error as EngineError {
            guard case .Failed(let errno, let text, let operation, let subject) = error else {
                throw OhMQError(.efault, operation)
            }
            throw OhMQError(errno: errno, text: text, operation: operation, subject: subject)
        } catch {
            // Only a panic in the engine gets here, as UniFFI's internal error.
            throw OhMQError(.efault, operation, "\(error)")
        }
    }
}
