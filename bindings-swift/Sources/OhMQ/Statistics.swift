// A socket's counters.

/// The counters of one socket at one moment, by the names that all languages share, such as `sent_accepted`.
public struct Statistics: Sendable, Hashable {
    /// Every counter by name.
    public let counters: [String: UInt64]

    /// One counter; 0 when the engine has none of this name.
    public subscript(name: String) -> UInt64 {
        counters[name] ?? 0
    }

    /// Whether every message is accounted for: accepted = delivered + queued + dropped, in both directions.
    public var isBalanced: Bool {
        ["sent", "recv"].allSatisfy { direction in
            let dropped = counters.filter { $0.key.hasPrefix("\(direction)_dropped") }.values.reduce(0, &+)
            return self["\(direction)_accepted"]
                == self["\(direction)_delivered"] &+ self["\(direction)_queued"] &+ dropped
        }
    }
}

extension Statistics: CustomStringConvertible {
    public var description: String {
        counters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
