// Sending and receiving without a task: at once or not at all, and blocking for plain threads.

extension Socket {
    /// Sends a message if there is room for it now.
    ///
    /// - Returns: false when there is none; the message was then not sent.
    public func trySend(_ message: Message) throws(OhMQError) -> Bool {
        try MessagePlane.send(handle, message, timeout: MessagePlane.tryOnly)
    }

    /// Receives a message if one is there now.
    public func tryReceive() throws(OhMQError) -> Message? {
        try MessagePlane.receive(handle, timeout: MessagePlane.tryOnly)
    }

    /// Receives up to `limit` messages that are there now, in one call to the engine.
    ///
    /// The messages share one piece of memory, which lives as long as any of them.
    public func tryReceive(upTo limit: Int) throws(OhMQError) -> [Message] {
        try MessagePlane.receive(handle, limit: limit)
    }

    /// ``send(_:)`` for plain threads: blocks the calling thread.
    @available(*, noasync, message: "use `await send(_:)`")
    public func sendBlocking(_ message: Message, timeout: Duration? = nil) throws(OhMQError) {
        let milliseconds = MessagePlane.milliseconds(timeout)
        if try !MessagePlane.send(handle, message, timeout: milliseconds) {
            throw OhMQError(.eagain, "send", "the time is up")
        }
    }

    /// ``receive()`` for plain threads: blocks the calling thread.
    @available(*, noasync, message: "use `await receive()`")
    public func receiveBlocking(timeout: Duration? = nil) throws(OhMQError) -> Message {
        let milliseconds = MessagePlane.milliseconds(timeout)
        guard let message = try MessagePlane.receive(handle, timeout: milliseconds) else {
            throw OhMQError(.eagain, "receive", "the time is up")
        }
        return message
    }
}
