// Sending and receiving for tasks: try first, wait without a thread.

internal import COhMQ

extension Socket {
    /// Sends a message, waiting for room as long as the socket's send timeout says (for ever, by default).
    ///
    /// - Throws: `.eagain` when the time is up, `.eintr` when the task is cancelled while it waits; the message was then not
    ///   sent. Other codes as the socket type's state demands.
    public func send(_ message: Message) async throws(OhMQError) {
        await Socket.giveTurns()
        if try trySend(message) { return }
        try await waitToSend(message, timeout: (try get(.sendTimeout) as Duration).orForever)
    }

    /// Sends a message, waiting for room for this long at most; not at all when the time is negative, as what is left until a
    /// past deadline is.
    public func send(_ message: Message, timeout: Duration) async throws(OhMQError) {
        await Socket.giveTurns()
        if try trySend(message) { return }
        try await waitToSend(message, timeout: timeout)
    }

    /// Sends messages in order, waiting for room as ``send(_:)`` does.
    public func send(contentsOf messages: some Sequence<Message>) async throws(OhMQError) {
        for message in messages {
            try await send(message)
        }
    }

    /// Receives a message, waiting for one as long as the socket's receive timeout says (for ever, by default).
    ///
    /// - Throws: `.eagain` when the time is up, `.eintr` when the task is cancelled while it waits, or is cancelled already and
    ///   would have to wait. The message that arrives next is then for the next call: nothing is lost.
    public func receive() async throws(OhMQError) -> Message {
        await Socket.giveTurns()
        if let message = try tryReceive() { return message }
        return try await waitToReceive(timeout: (try get(.receiveTimeout) as Duration).orForever)
    }

    /// Receives a message, waiting for this long at most; not at all when the time is negative, as what is left until a past
    /// deadline is.
    public func receive(timeout: Duration) async throws(OhMQError) -> Message {
        await Socket.giveTurns()
        if let message = try tryReceive() { return message }
        return try await waitToReceive(timeout: timeout)
    }

    /// Receives at least one and at most `limit` messages: waits for the first, takes what else is there.
    public func receive(upTo limit: Int) async throws(OhMQError) -> [Message] {
        await Socket.giveTurns()
        let messages = try tryReceive(upTo: limit)
        if !messages.isEmpty || limit < 1 { return messages }
        let timeout: Duration = try get(.receiveTimeout)
        let handle = self.handle
        return try await waiters.wait(in: .receive, "receive", timeout: timeout.orForever) { () throws(OhMQError) in
            let messages = try MessagePlane.receive(handle, limit: limit)
            return messages.isEmpty ? nil : messages
        }
    }

    /// Calls that succeed at once would never let go of their thread, of which tasks have only as many as there are processors.
    private static func giveTurns() async {
        if ohmq_swift_turn_over() { await Task.yield() }
    }

    private func waitToSend(_ message: Message, timeout: Duration?) async throws(OhMQError) {
        let handle = self.handle
        try await waiters.wait(in: lane(of: message), "send", timeout: timeout) { () throws(OhMQError) -> Void? in
            try MessagePlane.send(handle, message, timeout: MessagePlane.tryOnly) ? () : nil
        }
    }

    private func waitToReceive(timeout: Duration?) async throws(OhMQError) -> Message {
        let handle = self.handle
        return try await waiters.wait(in: .receive, "receive", timeout: timeout) { () throws(OhMQError) in
            try MessagePlane.receive(handle, timeout: MessagePlane.tryOnly)
        }
    }
}

extension Duration {
    /// The options' way of saying "for ever" is a negative time.
    fileprivate var orForever: Duration? { self < .zero ? nil : self }
}
