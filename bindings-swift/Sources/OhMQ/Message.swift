// A whole message: one or more frames that travel together.

/// A message of one or more ``Frame``s, which the engine sends and receives whole.
///
/// ```swift
/// let one: Message = "hello"
/// let more: Message = "hello \(name)"
/// let several: Message = ["address", "", "body"]
/// let binary = Message(data)
/// for frame in message { ... }
/// ```
///
/// All frames share one piece of memory, so receiving a message costs one allocation however many frames it has.
public struct Message: Sendable, Hashable {
    /// The bytes of all frames, one after the other.
    var bytes: ArraySlice<UInt8>
    /// Where each frame ends, counted from the start of `bytes`; empty for a single frame.
    var ends: [Int]

    init(bytes: ArraySlice<UInt8>, ends: [Int]) {
        self.bytes = bytes
        self.ends = ends
    }

    /// A message of one empty frame.
    public init() {
        self.init(bytes: [], ends: [])
    }

    /// A message of one frame with these bytes: an array, `Data` or any other sequence.
    public init(_ bytes: some Sequence<UInt8>) {
        self.init(bytes: ArraySlice(bytes), ends: [])
    }

    /// A message of one frame with the UTF-8 bytes of this text.
    public init(_ text: some StringProtocol) {
        self.init(bytes: ArraySlice(text.utf8), ends: [])
    }

    /// A message of one frame.
    public init(_ frame: Frame) {
        self.init(bytes: frame.storage, ends: [])
    }

    /// A message of these frames; see ``init(frames:)``. Empty literals are bytes.
    @_disfavoredOverload
    public init(_ frames: some Sequence<Frame>) {
        self.init(frames: frames)
    }

    /// A message of these frames. Without any it has one empty frame: no message is without a frame.
    public init(frames: some Sequence<Frame>) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for frame in frames {
            bytes.append(contentsOf: frame.storage)
            ends.append(bytes.count)
        }
        self.init(bytes: bytes[...], ends: ends.count > 1 ? ends : [])
    }

    /// The frames of the message; setting it replaces them.
    public var frames: [Frame] {
        get { Array(self) }
        set { self = Message(frames: newValue) }
    }

    /// Whether the message has more than one frame.
    public var isMultipart: Bool { !ends.isEmpty }

    /// The number of bytes of all frames together.
    public var byteCount: Int { bytes.count }

    /// The text of a message of one frame, or nil when it has more, or is not UTF-8.
    public var string: String? {
        isMultipart ? nil : self[0].string
    }

    /// Adds a frame at the end.
    public mutating func append(_ frame: Frame) {
        let ends = isMultipart ? self.ends : [bytes.count]
        bytes.append(contentsOf: frame.storage)
        self.ends = ends + [bytes.count]
    }
}

extension Message: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { Swift.max(ends.count, 1) }

    public subscript(position: Int) -> Frame {
        precondition(position >= 0 && position < endIndex, "a message of \(endIndex) frames has no frame \(position)")
        guard isMultipart else { return Frame(storage: bytes) }
        let start = position == 0 ? 0 : ends[position - 1]
        let base = bytes.startIndex
        return Frame(storage: bytes[(base + start)..<(base + ends[position])])
    }
}

extension Message: ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
    public init(stringLiteral text: String) {
        self.init(text)
    }

    public init(arrayLiteral frames: Frame...) {
        self.init(frames: frames)
    }
}

extension Message: CustomStringConvertible {
    public var description: String {
        "[\(map(\.description).joined(separator: ", "))]"
    }
}
