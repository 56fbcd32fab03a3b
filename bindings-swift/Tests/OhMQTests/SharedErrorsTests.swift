// The bad endpoints, options and states of tests-polyglot/errors.json: the same error code as in every other language.

import Foundation
import XCTest

@testable import OhMQ

final class SharedErrorsTests: XCTestCase {
    func testEveryCaseGivesTheSharedCode() async throws {
        let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../tests-polyglot/errors.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file.standardized))
        XCTAssertGreaterThanOrEqual(cases.count, 40)
        for shared in cases {
            var player = try Player()
            for step in shared.steps {
                let expected = step["error"]?.text
                do {
                    try await player.play(step)
                    if let expected { XCTFail("\(shared.name): no \(expected)") }
                } catch let error as OhMQError {
                    XCTAssertEqual(error.code.name, expected ?? "no error", "\(shared.name): \(error)")
                    let mentions = player.filled(step["mentions"]?.text ?? "")
                    let named = error.message.lowercased().contains(mentions.lowercased())
                    XCTAssertTrue(mentions.isEmpty || named, "\(shared.name): \(error) does not name \(mentions)")
                }
            }
        }
    }

    private struct Case: Decodable {
        let name: String
        let steps: [[String: Value]]
    }

    /// A value of a step; the file has nothing deeper than this.
    private enum Value: Decodable {
        case bool(Bool)
        case number(Int)
        case string(String)
        case list([String])
        case object([String: Value])

        init(from decoder: Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) { self = .bool(value) }
            else if let value = try? container.decode(Int.self) { self = .number(value) }
            else if let value = try? container.decode(String.self) { self = .string(value) }
            else if let value = try? container.decode([String].self) { self = .list(value) }
            else { self = .object(try container.decode([String: Value].self)) }
        }

        var text: String? {
            if case .string(let text) = self { text } else { nil }
        }

        var number: Int? {
            if case .number(let number) = self { number } else { nil }
        }

        var option: AnyOptionValue {
            switch self {
            case .bool(let value): .bool(value)
            case .number(let value): value.optionValue
            case .string(let value): .text(value)
            case .object(let value): .bytes(bytes(value["hex"]?.text ?? ""))
            case .list: .bytes([])
            }
        }
    }

    /// Plays the steps of one case with a context of its own.
    private struct Player {
        let context: Context
        var sockets: [String: Socket] = [:]
        var saved: [String: String]

        init() throws {
            context = try Context()
            saved = ["ipc": NSTemporaryDirectory() + "ohmq-\(UUID().uuidString)"]
        }

        func filled(_ text: String) -> String {
            saved.reduce(text) { $0.replacingOccurrences(of: "${\($1.key)}", with: $1.value) }
        }

        mutating func play(_ step: [String: Value]) async throws {
            let endpoint = filled(step["endpoint"]?.text ?? "")
            switch step["op"]?.text {
            case "socket":
                let socket = try context.socket(rawType: socketType(step["type"]))
                sockets[step["socket"]?.text ?? ""] = socket
                if case .object(let options) = step["options"] {
                    for (name, value) in options { try socket.set(rawOption: option(.string(name)), to: value.option) }
                }
            case "context_set": try context.set(rawOption: contextOption(step["option"]), to: step["value"]?.number ?? 0)
            case "context_get": _ = try context.get(rawOption: contextOption(step["option"]))
            case "shutdown": try context.shutdown()
            case "bind":
                let found = try socket(step).bind(endpoint)
                if let name = step["save"]?.text { saved[name] = found }
            case "connect": try socket(step).connect(endpoint)
            case "unbind": try socket(step).unbind(endpoint)
            case "disconnect": try socket(step).disconnect(endpoint)
            case "set":
                let value = try XCTUnwrap(step["value"]).option
                try socket(step).set(rawOption: option(step["option"]), to: value)
            case "get": _ = try socket(step).get(rawOption: option(step["option"])) as AnyOptionValue
            case "send": try await send(step)
            case "recv": try await receive(step)
            case "close": try socket(step).close()
            case let unknown: XCTFail("unknown step \(unknown ?? "")")
            }
        }

        private func send(_ step: [String: Value]) async throws {
            guard case .list(let parts) = step["parts"] else { return XCTFail("no parts in \(step)") }
            let message = Message(frames: parts.map { Frame(bytes($0)) })
            if let timeout = step["timeout_ms"]?.number {
                try await socket(step).send(message, timeout: .milliseconds(timeout))
            } else {
                try await socket(step).send(message)
            }
        }

        private func receive(_ step: [String: Value]) async throws {
            if let timeout = step["timeout_ms"]?.number {
                _ = try await socket(step).receive(timeout: .milliseconds(timeout))
            } else {
                _ = try await socket(step).receive()
            }
        }

        private func socket(_ step: [String: Value]) throws -> Socket {
            try XCTUnwrap(sockets[step["socket"]?.text ?? ""])
        }

        private func socketType(_ value: Value?) throws -> Int32 {
            if let number = value?.number { return Int32(number) }
            return try XCTUnwrap(SocketType.allCases.first { $0.name == value?.text }).rawValue
        }

        private func option(_ value: Value?) throws -> Int32 {
            if let number = value?.number { return Int32(number) }
            return try XCTUnwrap(SocketOption(name: value?.text ?? "")).rawValue
        }

        private func contextOption(_ value: Value?) throws -> Int32 {
            if let number = value?.number { return Int32(number) }
            return try XCTUnwrap(ContextOption(name: value?.text ?? "")).rawValue
        }
    }
}

private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
