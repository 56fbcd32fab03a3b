// The C functions that carry messages between Swift's memory and the engine's.

internal import COhMQ

/// Messages over the boundary: one call and one copy each way.
enum MessagePlane {
    /// The timeout that stands for "do not wait".
    static let tryOnly: Int64 = 0

    /// The engine's number for a call's timeout; none is what the socket's option says. A negative one is over already.
    static func milliseconds(_ timeout: Duration?) -> Int64 {
        guard let timeout else { return -2 }
        return max(timeout.milliseconds, tryOnly)
    }

    /// False when the message would have to wait, or waited as long as it may.
    static func send(_ socket: UInt64, _ message: Message, timeout: Int64) throws(OhMQError) -> Bool {
        let errno = message.bytes.withUnsafeBufferPointer { bytes in
            guard message.isMultipart else {
                var size = bytes.count
                return ohmq_swift_send(socket, bytes.baseAddress, &size, 1, timeout)
            }
            return withUnsafeTemporaryAllocation(of: Int.self, capacity: message.ends.count) { sizes in
                var start = 0
                for (number, end) in message.ends.enumerated() {
                    sizes[number] = end - start
                    start = end
                }
                return ohmq_swift_send(socket, bytes.baseAddress, sizes.baseAddress, sizes.count, timeout)
            }
        }
        return try done(errno, "send")
    }

    /// Nil when there is no message, or none came as long as it may wait.
    static func receive(_ socket: UInt64, timeout: Int64) throws(OhMQError) -> Message? {
        var received = ohmq_swift_received()
        var message: Message?
        let errno = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: smallBytes) { buffer in
            withUnsafeTemporaryAllocation(of: Int.self, capacity: smallFrames) { sizes in
                let errno = ohmq_swift_receive(
                    socket, timeout, buffer.baseAddress, smallBytes, sizes.baseAddress, smallFrames, &received)
                if errno == 0, received.messages == 1, received.parked == nil {
                    let bytes = Array(buffer[..<received.bytes])
                    message = Message(bytes: bytes[...], ends: ends(sizes[..<received.frames]))
                }
                return errno
            }
        }
        guard try done(errno, "receive"), received.messages > 0 else { return nil }
        return message ?? take(received).first
    }

    /// Up to `limit` messages that are there now.
    static func receive(_ socket: UInt64, limit: Int) throws(OhMQError) -> [Message] {
        guard limit > 0 else { return [] }
        var received = ohmq_swift_received()
        let errno = ohmq_swift_receive_many(socket, limit, &received)
        guard try done(errno, "receive"), received.messages > 0 else { return [] }
        return take(received)
    }

    /// Messages up to this size come with the first call, through the stack.
    private static let smallBytes = 1024
    private static let smallFrames = 8

    private static func done(_ errno: Int32, _ operation: String) throws(OhMQError) -> Bool {
        if errno == 0 { return true }
        let error = OhMQError.last(errno, operation)
        if error.isAgain { return false }
        throw error
    }

    /// Fetches parked messages straight into the memory that they keep.
    private static func take(_ received: ohmq_swift_received) -> [Message] {
        var sizes = [Int](repeating: 0, count: received.frames)
        var counts = [Int](repeating: 0, count: received.messages)
        let bytes = [UInt8](unsafeUninitializedCapacity: received.bytes) { buffer, count in
            ohmq_swift_take(received.parked, buffer.baseAddress, &sizes, &counts)
            count = received.bytes
        }
        var (frame, start) = (0, 0)
        return counts.map { count in
            let own = sizes[frame..<(frame + count)]
            let end = start + own.reduce(0, +)
            defer { (frame, start) = (frame + count, end) }
            return Message(bytes: bytes[start..<end], ends: ends(own))
        }
    }

    private static func ends(_ sizes: some Collection<Int>) -> [Int] {
        guard sizes.count > 1 else { return [] }
        var end = 0
        return sizes.map { size in
            end += size
            return end
        }
    }
}
