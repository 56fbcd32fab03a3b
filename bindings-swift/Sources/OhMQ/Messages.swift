// A socket's messages as asynchronous sequences.

/// The messages that a socket receives: see ``Socket/messages``.
///
/// The sequence ends when the socket is closed, its context is terminated, or the task is cancelled. Nothing is taken from the
/// socket ahead of the loop, so leaving the loop loses nothing, and a slow loop slows its peers down by the socket's
/// high-water mark.
public struct Messages: AsyncSequence, Sendable {
    public typealias Element = Message

    let socket: Socket

    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let socket: Socket

        public mutating func next() async throws(OhMQError) -> Message? {
            // A receive that finds a message does not ask: a busy peer would keep a cancelled loop going.
            if Task.isCancelled { return nil }
            do {
                return try await socket.receive()
            } catch where error.endsSequence {
                return nil
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(socket: socket)
    }
}

/// The messages that a socket receives, as many at a time as are there: see ``Socket/batches(upTo:)``.
public struct MessageBatches: AsyncSequence, Sendable {
    public typealias Element = [Message]

    let socket: Socket
    let limit: Int

    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let socket: Socket
        let limit: Int

        public mutating func next() async throws(OhMQError) -> [Message]? {
            if Task.isCancelled { return nil }
            do {
                return try await socket.receive(upTo: limit)
            } catch where error.endsSequence {
                return nil
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(socket: socket, limit: limit)
    }
}

extension Socket {
    /// The messages that this socket receives.
    ///
    /// ```swift
    /// for try await message in socket.messages {
    ///     print(message)
    /// }
    /// ```
    public var messages: Messages {
        Messages(socket: self)
    }

    /// The messages that this socket receives, in batches of what is there, at most `limit` each.
    public func batches(upTo limit: Int = 256) -> MessageBatches {
        MessageBatches(socket: self, limit: Swift.max(limit, 1))
    }
}

extension OhMQError {
    fileprivate var endsSequence: Bool {
        code == .enotsock || code == .eterm || isCancellation
    }
}
