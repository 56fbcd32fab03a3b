// Options by identifier: one typed way in and one out, whatever the option. The typed properties are generated on top.

import Foundation
internal import OhMQControl

extension Socket {
    /// Reads an option as a value of the type asked for.
    ///
    /// - Throws: `.einval` when the option cannot be read or does not have that type, `.enotsup` when the engine does not
    ///   implement it yet.
    public func get<Value: OptionValue>(_ option: SocketOption, as type: Value.Type = Value.self) throws(OhMQError) -> Value {
        try get(rawOption: option.rawValue)
    }

    /// Sets an option.
    ///
    /// - Throws: `.einval` when the option cannot be set to that value on this socket, `.enotsup` when the engine does not
    ///   implement it yet.
    public func set(_ option: SocketOption, to value: some OptionValue) throws(OhMQError) {
        try set(rawOption: option.rawValue, to: value)
    }

    /// Reads the option with this number, which the engine checks.
    public func get<Value: OptionValue>(
        rawOption: Int32, as type: Value.Type = Value.self
    ) throws(OhMQError) -> Value {
        let found = AnyOptionValue(try OhMQError.typed("get option") { try engine.get(option: rawOption) })
        guard let value = Value(optionValue: found) else {
            throw OhMQError(.einval, "get option \(rawOption)", "\(found) is no \(Value.self)")
        }
        return value
    }

    /// Sets the option with this number, which the engine checks.
    public func set(rawOption: Int32, to value: some OptionValue) throws(OhMQError) {
        try OhMQError.typed("set option") { try engine.set(option: rawOption, value: value.optionValue.engine) }
    }
}

extension SocketOption {
    /// The option with this name: as in ZeroMQ's manual, with or without `ZMQ_`, or as in OhMQ's reference.
    public init?(name: String) {
        guard let number = socketOptionNumber(name: name) else { return nil }
        self.init(rawValue: number)
    }
}

extension ContextOption {
    /// The option with this name: as in ZeroMQ's manual, with or without `ZMQ_`, or as in OhMQ's reference.
    public init?(name: String) {
        guard let number = contextOptionNumber(name: name) else { return nil }
        self.init(rawValue: number)
    }
}

/// A type that an option's value can have.
public protocol OptionValue: Sendable {
    /// The value as this type, if it can be that.
    init?(optionValue: AnyOptionValue)
    /// This value as the engine takes it.
    var optionValue: AnyOptionValue { get }
}

/// An option's value with its type as the engine knows it.
public enum AnyOptionValue: Sendable, Hashable, OptionValue {
    case bool(Bool)
    case int(Int32)
    case int64(Int64)
    case uint64(UInt64)
    case bytes([UInt8])
    case text(String)

    public init(optionValue: AnyOptionValue) {
        self = optionValue
    }

    public var optionValue: AnyOptionValue { self }

    init(_ value: EngineValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .int64(let value): self = .int64(value)
        case .uint64(let value): self = .uint64(value)
        case .bytes(let value): self = .bytes(Array(value))
        case .text(let value): self = .text(value)
        }
    }

    var engine: EngineValue {
        switch self {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .int64(let value): .int64(value)
        case .uint64(let value): .uint64(value)
        case .bytes(let value): .bytes(.init(value))
        case .text(let value): .text(value)
        }
    }

    /// The number, whatever its width; a switch counts as 0 or 1.
    func number<Number: FixedWidthInteger>() -> Number? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): Number(exactly: value)
        case .int64(let value): Number(exactly: value)
        case .uint64(let value): Number(exactly: value)
        case .bytes, .text: nil
        }
    }
}

extension Bool: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: Int = optionValue.number() else { return nil }
        self = number != 0
    }

    public var optionValue: AnyOptionValue { .bool(self) }
}

extension Int32: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: Int32 = optionValue.number() else { return nil }
        self = number
    }

    public var optionValue: AnyOptionValue { .int(self) }
}

extension Int: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: Int = optionValue.number() else { return nil }
        self = number
    }

    /// Most options are C ints, so a number that fits one is sent as one.
    public var optionValue: AnyOptionValue {
        Int32(exactly: self).map(AnyOptionValue.int) ?? .int64(Int64(self))
    }
}

extension Int64: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: Int64 = optionValue.number() else { return nil }
        self = number
    }

    public var optionValue: AnyOptionValue { .int64(self) }
}

extension UInt64: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: UInt64 = optionValue.number() else { return nil }
        self = number
    }

    public var optionValue: AnyOptionValue { .uint64(self) }
}

extension String: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        switch optionValue {
        case .text(let text): self = text
        case .bytes(let bytes):
            guard let text = String(bytes: bytes, encoding: .utf8) else { return nil }
            self = text
        default: return nil
        }
    }

    public var optionValue: AnyOptionValue { .text(self) }
}

extension [UInt8]: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        switch optionValue {
        case .bytes(let bytes): self = bytes
        case .text(let text): self = Array(text.utf8)
        default: return nil
        }
    }

    public var optionValue: AnyOptionValue { .bytes(self) }
}

/// Times are whole milliseconds in the engine; what is finer is rounded up, so that a short wait does not become none. One that
/// is too long for an option is an error, and so is a negative one other than `.milliseconds(-1)`, which some options take for
/// "for ever".
extension Duration: OptionValue {
    public init?(optionValue: AnyOptionValue) {
        guard let number: Int64 = optionValue.number() else { return nil }
        self = .milliseconds(number)
    }

    public var optionValue: AnyOptionValue {
        var whole = milliseconds
        // A negative time that is not whole must become neither 0 nor -1, both of which mean something.
        if self < .zero, self != .milliseconds(whole) { whole = max(min(whole, -1), .min + 1) - 1 }
        return Int32(exactly: whole).map(AnyOptionValue.int) ?? .int64(whole)
    }

    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let fine = attoseconds / 1_000_000_000_000_000
        let up: Int64 = attoseconds % 1_000_000_000_000_000 > 0 ? 1 : 0
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : whole.addingReportingOverflow(fine + up).partialValue
    }
}
