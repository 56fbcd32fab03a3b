// What several test files need.

import Foundation
import XCTest

@testable import OhMQ

/// How long anything in these tests may take before it counts as stuck.
let patience = Duration.seconds(20)

/// A context with two connected sockets.
struct Pair {
    let context: Context
    let left: Socket
    let right: Socket
    let endpoint: String

    /// `left` binds, `right` connects.
    init(_ left: SocketType, _ right: SocketType, over transport: Transport = .tcp) throws {
        context = try Context()
        self.left = try context.socket(left)
        self.right = try context.socket(right)
        endpoint = try self.left.bind(transport.wildcard)
        try self.right.connect(endpoint)
    }
}

enum Transport: String, CaseIterable {
    case tcp, ipc, inproc

    /// An endpoint to bind to that no other test uses.
    var wildcard: String {
        switch self {
        case .tcp: "tcp://127.0.0.1:*"
        case .ipc: "ipc://\(NSTemporaryDirectory())ohmq-\(UUID().uuidString)"
        case .inproc: "inproc://\(UUID().uuidString)"
        }
    }
}

/// The bytes `(seed + i) mod 251`.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8((seed + $0) % 251) }
}

/// Lets other tasks run until the condition holds; fails the test when it takes too long.
func eventually(
    _ what: String, file: StaticString = #filePath, line: UInt = #line, _ condition: () throws -> Bool
) async rethrows {
    let deadline = ContinuousClock.now + patience
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            return XCTFail("never: \(what)", file: file, line: line)
        }
        await Task.yield()
    }
}

/// Runs `body`, which must throw this code; gives the error for a closer look.
@discardableResult
func assertThrows<R>(
    _ code: ErrorCode, file: StaticString = #filePath, line: UInt = #line, _ body: () async throws -> R
) async -> OhMQError? {
    do {
        let value = try await body()
        XCTFail("no \(code), but \(value)", file: file, line: line)
    } catch let error as OhMQError {
        XCTAssertEqual(error.code, code, error.message, file: file, line: line)
        return error
    } catch {
        XCTFail("not an OhMQError: \(error)", file: file, line: line)
    }
    return nil
}

/// A small generator, so that a failing run can be repeated from its printed seed.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
