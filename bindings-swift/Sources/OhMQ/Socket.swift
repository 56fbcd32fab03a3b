// The socket: endpoints, options, statistics, closing. Sending and receiving are in the files beside this one.

internal import COhMQ
internal import OhMQControl

/// A ZeroMQ socket.
///
/// All methods may be called from any thread or task, concurrently. A socket closes when the last reference to it goes, or at
/// ``close()``; messages it accepted are still sent in the background for as long as its linger time says.
///
/// ```swift
/// let context = try Context()
/// let socket = try context.socket(.req)
/// try socket.connect("tcp://127.0.0.1:5555")
/// try await socket.send("hello")
/// let reply = try await socket.receive()
/// ```
public final class Socket: Sendable {
    /// The context the socket belongs to.
    public let context: Context
    let engine: EngineSocket
    /// The number by which the message plane knows this socket.
    let handle: UInt64
    let waiters: Waiters
    /// Whether a message's first frame decides whose room it needs.
    private let firstFrameChooses: Bool

    init(engine: EngineSocket, rawType: Int32, context: Context) {
        self.engine = engine
        self.context = context
        handle = engine.number()
        waiters = Waiters(handle: handle)
        firstFrameChooses = [SocketType.router, .pub, .xpub].contains { $0.rawValue == rawType }
    }

    deinit {
        close()
    }

    /// Listens at an endpoint such as `tcp://*:5555`, `tcp://127.0.0.1:0`, `ipc:///tmp/name` or `inproc://name`.
    ///
    /// - Returns: the resolved endpoint, with the port or path that the system chose.
    @discardableResult
    public func bind(_ endpoint: String) throws(OhMQError) -> String {
        try OhMQError.typed("bind") { try engine.bind(endpoint: endpoint) }
    }

    /// Connects to an endpoint, now or as soon as somebody listens there; does not wait for it.
    public func connect(_ endpoint: String) throws(OhMQError) {
        try OhMQError.typed("connect") { try engine.connect(endpoint: endpoint) }
    }

    /// Stops listening at an endpoint that ``bind(_:)`` returned.
    public func unbind(_ endpoint: String) throws(OhMQError) {
        try OhMQError.typed("unbind") { try engine.unbind(endpoint: endpoint) }
    }

    /// Ends the connection to an endpoint that ``connect(_:)`` was given.
    public func disconnect(_ endpoint: String) throws(OhMQError) {
        try OhMQError.typed("disconnect") { try engine.disconnect(endpoint: endpoint) }
    }

    /// Receives messages that begin with this text; the empty text stands for all. For SUB sockets.
    public func subscribe(to topic: String) throws(OhMQError) {
        try set(.subscribe, to: Array(topic.utf8))
    }

    /// Receives messages that begin with these bytes. For SUB sockets.
    public func subscribe(to topic: some Sequence<UInt8>) throws(OhMQError) {
        try set(.subscribe, to: Array(topic))
    }

    /// Undoes one ``subscribe(to:)-(String)``.
    public func unsubscribe(from topic: String) throws(OhMQError) {
        try set(.unsubscribe, to: Array(topic.utf8))
    }

    /// Undoes one ``subscribe(to:)-(Sequence)``.
    public func unsubscribe(from topic: some Sequence<UInt8>) throws(OhMQError) {
        try set(.unsubscribe, to: Array(topic))
    }

    /// The directions in which a call would not have to wait now.
    public func events() throws(OhMQError) -> Events {
        var events: UInt32 = 0
        let errno = ohmq_swift_events(handle, &events)
        guard errno == 0 else { throw OhMQError.last(errno, "events") }
        return Events(rawValue: events)
    }

    /// The socket's counters, which account for every message it ever had.
    public func statistics() throws(OhMQError) -> Statistics {
        let counters = try OhMQError.typed("statistics") { try engine.statistics() }
        return Statistics(counters: Dictionary(counters.map { ($0.name, $0.value) }) { $0 + $1 })
    }

    /// Where a message waits for room.
    func lane(of message: Message) -> LaneName {
        LaneName(events: .send, firstFrame: firstFrameChooses ? message[0] : nil)
    }

    /// Closes the socket; closing again does nothing. Never waits.
    ///
    /// Tasks that wait for the socket get `.enotsock`, sequences of its messages end.
    public func close() {
        engine.close()
        waiters.close()
    }
}

/// Directions in which a socket is ready.
public struct Events: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// A message can be received.
    public static let receive = Events(rawValue: OHMQ_EVENT_RECEIVE)
    /// A message can be sent.
    public static let send = Events(rawValue: OHMQ_EVENT_SEND)
}
