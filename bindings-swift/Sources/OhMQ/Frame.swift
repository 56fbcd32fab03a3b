// One frame of a message: immutable bytes, cheap to copy and to slice.

import Foundation

/// One frame (part) of a ``Message``: a collection of bytes.
///
/// ```swift
/// let text: Frame = "hello"
/// let binary = Frame([0x01, 0x02])
/// let data = Data(text)
/// ```
public struct Frame: Sendable, Hashable {
    var storage: ArraySlice<UInt8>

    init(storage: ArraySlice<UInt8>) {
        self.storage = storage
    }

    /// An empty frame.
    public init() {
        storage = []
    }

    /// A frame with these bytes: an array, `Data`, `ByteBufferView` or any other sequence.
    public init(_ bytes: some Sequence<UInt8>) {
        storage = ArraySlice(bytes)
    }

    /// A frame with the UTF-8 bytes of this text.
    public init(_ text: some StringProtocol) {
        storage = ArraySlice(text.utf8)
    }

    /// The frame's text, or nil when its bytes are not UTF-8.
    public var string: String? {
        String(bytes: storage, encoding: .utf8)
    }

    /// Calls `body` with the frame's bytes in memory, which must not be kept.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try storage.withUnsafeBytes(body)
    }
}

extension Frame: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.count }

    public subscript(position: Int) -> UInt8 {
        storage[storage.startIndex + position]
    }

    public func withContiguousStorageIfAvailable<R>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> R
    ) rethrows -> R? {
        try storage.withUnsafeBufferPointer(body)
    }
}

extension Frame: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension Frame: CustomStringConvertible {
    /// The text when it is short and readable, else the number of bytes.
    public var description: String {
        if count <= 64, let text = string, text.allSatisfy({ !$0.isNewline && $0 != "\0" }) {
            return "\"\(text)\""
        }
        return "\(count) bytes"
    }
}
